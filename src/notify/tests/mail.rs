//! Mail, against a mail server that speaks as much SMTP as is needed.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use super::world::{Lab, config};

/// What it says to a mail, and to whoever logs in.
#[derive(Clone, Copy)]
struct Habits {
    greeting: &'static str,
    login: &'static str,
    mail: &'static str,
}

const GOOD: Habits = Habits { greeting: "220 mail ESMTP", login: "235 2.7.0 Accepted", mail: "250 2.0.0 Ok" };

/// A mail server on this machine; what it has taken.
struct Server {
    port: u16,
    habits: Arc<Mutex<Habits>>,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn open(habits: Habits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (habits, mails) = (Arc::new(Mutex::new(habits)), Arc::new(Mutex::new(Vec::new())));
        let (shared, taken) = (Arc::clone(&habits), Arc::clone(&mails));
        let work = move || {
            for stream in listener.incoming().map_while(Result::ok).take(100) {
                let habits = *shared.lock().unwrap();
                let _ = converse(stream, habits, &taken);
            }
        };
        std::thread::Builder::new().spawn(work).unwrap();
        Self { port, habits, mails }
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    fn lab(&self, more: &str) -> Lab {
        let text = format!(
            "[channel.lab]\nkind = \"email\"\nsmtp = \"127.0.0.1:{}\"\ntls = \"none\"\nfrom = \"Uproctor <uproctor@example.org>\"\n\
             to = [\"ada@example.org\", \"Bob <bob@example.org>\"]\n{more}",
            self.port
        );
        Lab::new(config(&text, &[("PASSWORD", "secret-of-the-mail")]))
    }
}

fn converse(stream: TcpStream, habits: Habits, mails: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    let mut say = move |text: &str| writer.write_all(format!("{text}\r\n").as_bytes());
    say(habits.greeting)?;
    let mut envelope = String::new();
    while let Some(Ok(line)) = lines.next() {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say("250-mail\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN")?,
            "AUTH" => say(habits.login)?,
            "MAIL" | "RCPT" => {
                envelope.push_str(&format!("{line}\n"));
                say("250 2.1.0 Ok")?;
            }
            "DATA" => {
                say("354 go on")?;
                let mut mail = std::mem::take(&mut envelope);
                for line in lines.by_ref().map_while(Result::ok).take_while(|line| line != ".") {
                    mail.push_str(&format!("{line}\n"));
                }
                if habits.mail.starts_with('2') {
                    mails.lock().unwrap().push(mail);
                }
                say(habits.mail)?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 Ok")?,
        }
    }
    Ok(())
}

#[test]
fn a_mail_goes_to_all_receivers_with_a_plain_text() {
    let server = Server::open(GOOD);
    let mut lab = server.lab("user = \"uproctor\"\npassword_env = \"PASSWORD\"\n");
    lab.say("lab", "Held up", "p1 waits for p2\nsince 18:00");
    lab.look();
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "{:?}", lab.state("lab"));
    for part in [
        "RCPT TO:<ada@example.org>",
        "RCPT TO:<bob@example.org>",
        "Subject: Held up",
        "Auto-Submitted: auto-generated",
        "Message-ID: <uproctor-1-",
        "Content-Type: text/plain; charset=utf-8",
        "p1 waits for p2\nsince 18:00",
    ] {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
}

#[test]
fn a_subject_brings_in_no_header_of_its_own() {
    let server = Server::open(GOOD);
    let mut lab = server.lab("");
    for title in [
        "x\r\nBcc: eve@example.org",
        "y\nX-Evil: 1\n\nbody",
        "日本\r\nBcc: eve@example.org",
        &"long ".repeat(200),
    ] {
        lab.say("lab", title, ".\r\nQUIT\r\n.");
        lab.look();
    }
    let mails = server.mails();
    assert_eq!(mails.len(), 4, "{:?}", lab.state("lab"));
    for mail in &mails {
        let head = mail.split("\n\n").next().unwrap();
        let injected = |line: &str| line.starts_with("Bcc:") || line.starts_with("X-Evil:");
        assert!(!head.lines().any(injected), "{head}");
        assert!(head.lines().all(|line| line.len() < 1000) && !mail.contains("RCPT TO:<eve"), "{mail}");
    }
}

#[test]
fn a_wrong_password_and_a_busy_server_are_told_apart_and_it_arrives_later() {
    let busy = Habits { mail: "451 4.3.0 try later", ..GOOD };
    let server = Server::open(Habits { login: "535 5.7.8 Authentication failed", ..GOOD });
    let mut lab = server.lab("user = \"uproctor\"\npassword_env = \"PASSWORD\"\n");
    lab.say("lab", "Held up", "p1 waits");
    lab.look();
    let why = lab.state("lab").why.unwrap();
    assert!(why.contains("does not let us in (535") && why.contains("the password is wrong"), "{why}");
    assert!(!why.contains("secret-of-the-mail"), "{why}");
    *server.habits.lock().unwrap() = busy;
    lab.wait(601);
    let why = lab.state("lab").why.unwrap();
    assert!(why.contains("does not take the mail now (451"), "{why}");
    *server.habits.lock().unwrap() = GOOD;
    lab.wait(601);
    assert_eq!((server.mails().len(), lab.state("lab").waiting), (1, 0), "{:?}", lab.state("lab").why);
}

#[test]
fn nobody_at_the_address_is_said_as_such() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server { port, habits: Arc::new(Mutex::new(GOOD)), mails: Arc::default() };
    let mut lab = server.lab("");
    lab.say("lab", "Held up", "p1 waits");
    lab.look();
    let why = lab.state("lab").why.unwrap();
    assert!(
        why.contains(&format!("no mail over 127.0.0.1:{port}")) && why.contains("is `smtp` right"),
        "{why}"
    );
}
