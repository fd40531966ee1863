//! A web server before the daemon that shows it under a sub-path.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
};

/// Shows what listens at `target` under `/lab/uproctor/`; gives the address of that. Ends with the test's process.
pub(super) fn below_a_path(target: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let target = target.clone();
            thread::spawn(move || drop(hand_on(&stream, &target)));
        }
    });
    format!("http://{address}/lab/uproctor/")
}

/// One request, with the path cut off, and its answer as it comes.
fn hand_on(client: &TcpStream, target: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line.replacen(
                " /lab/uproctor/",
                " /",
                usize::from(!line.contains(':') || line.contains(" HTTP/1.")),
            ));
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut server = TcpStream::connect(target)?;
    write!(server, "{head}connection: close\r\n\r\n")?;
    server.write_all(&body)?;
    let mut client = client;
    let mut buffer = [0; 16_384];
    loop {
        let read = server.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        client.write_all(&buffer[..read])?;
    }
    client.shutdown(Shutdown::Both)
}
