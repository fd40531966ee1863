//! On a phone: nothing sticks out, and everything is there.

use serde_json::json;

use super::{
    address,
    browser::{Browser, PHONE, Screen},
    lab, link,
};

/// What sticks out of the screen or of the box that it is in, and what the navigation hides.
const STICKS_OUT: &str = r#"
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    const out = wide > 0 ? [`the page by ${wide}`] : [];
    for (const box of document.querySelectorAll('.scroll:has(table)')) {
        if (box.scrollWidth <= box.clientWidth) { continue; }
        const edge = box.getBoundingClientRect().right;
        const wide = [...box.querySelectorAll('*')].filter(part => part.getBoundingClientRect().right > edge);
        out.push(`${box.ariaLabel}: ${wide.map(part => part.outerHTML.slice(0, 80)).join(', ')}`);
    }
    for (const link of document.querySelectorAll('nav a')) {
        const place = link.getBoundingClientRect();
        if (place.left < 0 || place.right > window.innerWidth) { out.push(`the entry ${link.textContent}`); }
    }
    return out;
"#;

#[test]
fn every_page_fits_a_phone_and_its_navigation_shows_all_entries() {
    for dark in [false, true] {
        let screen = Screen { dark, ..PHONE };
        let Some(browser) = Browser::open(screen) else { return };
        let lab = lab(3, "1s");
        lab.project
            .write("scripts/fails.rhai", "fn run(event) { log::warn(\"soon\"); fail(\"on purpose\"); }");
        let more = "\n[[automation]]\nname = \"an-automation-with-quite-a-long-name\"\non = [{ daemon = \"started\" }, { cron = \"*/5 9-18 * * mon-fri\" }, \
                    { webhook = \"shop\", scheme = \"none\" }]\nscript = \"fails.rhai\"\n";
        let config = super::APPROVED.replace("SECONDS", "1s");
        lab.configure(
            &format!("{config}{more}").replace("[watch]", "timezone = \"Europe/Berlin\"\n\n[watch]"),
        );
        let _daemon = lab.daemon();
        browser.go(&link(&lab));
        browser.sees("stalled");
        let base = format!("http://{}/", address(&lab));
        let night = if dark { "night" } else { "day" };
        for (name, path) in [
            ("now", ""),
            ("session", "sessions/s"),
            ("automations", "automations"),
            ("automation", "automations/step-on"),
            ("plans", "plans"),
            ("events", "events"),
            ("dead", "dead"),
            ("scripts", "scripts"),
            ("log", "log?all=1"),
            ("status", "status"),
        ] {
            browser.go(&format!("{base}{path}"));
            browser.until("it is there", || browser.run("return document.readyState") == "complete");
            browser.picture(&format!("{name}-phone-{night}"), screen);
            assert_eq!(browser.run(STICKS_OUT), json!([]), "{name} by {night}");
        }
    }
}
