//! Chromium without a window, driven through its driver.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(super) struct Browser {
    driver: Child,
    client: Option<Client>,
    runtime: Runtime,
    _profile: TempDir,
}

/// How the screen is.
#[derive(Clone, Copy)]
pub(super) struct Screen {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) dark: bool,
}

pub(super) const DESK: Screen = Screen { width: 1280, height: 900, dark: false };
pub(super) const PHONE: Screen = Screen { width: 390, height: 844, dark: false };

fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

impl Browser {
    /// A browser; none where this machine has none, which `tests/run` says.
    pub(super) fn open(screen: Screen) -> Option<Self> {
        let found =
            program(&["chromedriver"]).zip(program(&["chromium", "chromium-browser", "google-chrome"]));
        let Some((driver, chromium)) = found else {
            assert!(std::env::var_os("UPROCTOR_NEEDS_BROWSER").is_none(), "there is no browser");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(driver)
            .args(["--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port = BufReader::new(driver.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter(|line| line.contains("successfully"))
            .find_map(|line| line.split("on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok())
            .unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-dev-shm-usage",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--window-size={},{}", screen.width, screen.height));
        let mut options = json!({ "binary": chromium, "args": arguments });
        if screen.width < 500 {
            options["mobileEmulation"] = json!({ "deviceMetrics": { "width": screen.width, "height": screen.height, "pixelRatio": 1.0 } });
        }
        let wanted = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let wanted = wanted.as_object().unwrap().clone();
        let client = runtime
            .block_on(
                ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
                    .capabilities(wanted)
                    .connect(&format!("http://127.0.0.1:{port}")),
            )
            .unwrap();
        let browser = Self { driver, client: Some(client), runtime, _profile: profile };
        if screen.dark {
            browser.devtools(
                "Emulation.setEmulatedMedia",
                &json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }),
            );
        }
        Some(browser)
    }

    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        #[derive(Debug)]
        struct Devtools(Value);
        impl fantoccini::wd::WebDriverCompatibleCommand for Devtools {
            fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
                base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
            }
            fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
                (http::Method::POST, Some(self.0.to_string()))
            }
        }
        let command = Devtools(json!({ "cmd": command, "params": parameters }));
        self.runtime.block_on(self.client().issue_cmd(command)).unwrap();
    }

    pub(super) fn go(&self, address: &str) {
        self.runtime.block_on(self.client().goto(address)).unwrap();
    }

    /// Runs a script in the page; gives what it returns. A page that is just being loaded anew is waited for.
    pub(super) fn run(&self, script: &str) -> Value {
        let mut last = None;
        for _ in 0..10 {
            match self.runtime.block_on(self.client().execute(script, Vec::new())) {
                Ok(value) => return value,
                Err(error) => last = Some(error),
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("{script:.200}: {last:?}")
    }

    /// The text that somebody sees.
    pub(super) fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page shows a text.
    pub(super) fn sees(&self, text: &str) {
        self.until(&format!("the page shows {text:?}"), || self.text().contains(text));
    }

    pub(super) fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !holds() {
            assert!(begin.elapsed() < Duration::from_secs(30), "not within 30 s: {what}\n{}", self.text());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Presses the first button with these words.
    pub(super) fn press(&self, words: &str) {
        let button = format!("//button[contains(normalize-space(.), '{words}')]");
        // The page may be brought up to date between finding it and pressing it.
        for attempt in 0..10 {
            let pressed = self.runtime.block_on(async {
                let button = self.client().wait().for_element(Locator::XPath(&button)).await?;
                button.click().await
            });
            match pressed {
                Ok(()) => return,
                Err(error) if attempt == 9 => panic!("{words}: {error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    /// Whether a button with these words can be seen.
    pub(super) fn offers(&self, words: &str) -> bool {
        let script = format!(
            "return [...document.querySelectorAll('button')].some(b => b.textContent.includes({}) && b.offsetParent !== null)",
            json!(words)
        );
        self.run(&script) == json!(true)
    }

    /// Fills in a field by its name.
    pub(super) fn fill(&self, name: &str, text: &str) {
        self.runtime.block_on(async {
            let field = self.client().find(Locator::Css(&format!("[name={name}]"))).await.unwrap();
            field.send_keys(text).await.unwrap();
        });
    }

    /// What axe-core finds to be serious, a line each; none where it is not there.
    pub(super) fn faults(&self) -> Vec<String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser/axe.min.js");
        let Ok(axe) = std::fs::read_to_string(file) else {
            assert!(std::env::var_os("UPROCTOR_NEEDS_BROWSER").is_none(), "there is no axe-core");
            return Vec::new();
        };
        self.run(&axe);
        let found = self.runtime.block_on(self.client().execute_async(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations\
             .filter(one => ['serious', 'critical'].includes(one.impact))\
             .map(one => one.id + ': ' + one.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | '))));",
            Vec::new(),
        ));
        let found = found.unwrap();
        found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }

    /// Errors that the page has caused in the browser's console, such as what the policy does not allow.
    pub(super) fn complaints(&self) -> Vec<String> {
        #[derive(Debug)]
        struct Log;
        impl fantoccini::wd::WebDriverCompatibleCommand for Log {
            fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
                base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
            }
            fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
                (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
            }
        }
        let log = self.runtime.block_on(self.client().issue_cmd(Log)).unwrap();
        let lines = log.as_array().cloned().unwrap_or_default();
        lines.iter().filter_map(|line| line["message"].as_str().map(str::to_owned)).collect()
    }

    /// Takes a picture of the whole page, for people to look at: `target/browser/NAME.png`.
    pub(super) fn picture(&self, name: &str, screen: Screen) {
        let height = self.run("return document.documentElement.scrollHeight").as_u64().unwrap_or(900);
        let height = (height as u32).clamp(screen.height, 2600);
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": screen.width, "height": height, "deviceScaleFactor": 1, "mobile": screen.width < 500 }),
        );
        let png = self.runtime.block_on(self.client().screenshot()).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.width < 500 }),
        );
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            let _ = self.runtime.block_on(client.close());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
