//! What a form brings: several parts, or one line as of a query.

use http::header;

use crate::environment::Request;

/// The fields of a form with what was filled in, in order.
pub(super) fn read(request: &Request) -> Vec<(String, String)> {
    let body = request.body.as_deref().unwrap_or_default();
    let kind = request.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    match kind.split_once("boundary=").filter(|_| kind.starts_with("multipart/form-data")) {
        Some((_, boundary)) => {
            let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches('"');
            parts(&String::from_utf8_lossy(body), boundary)
        }
        None => url::form_urlencoded::parse(body).into_owned().collect(),
    }
}

/// What was filled in, if the form has the field.
pub(super) fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

fn parts(body: &str, boundary: &str) -> Vec<(String, String)> {
    let read = |part: &str| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let (_, rest) = head.split_once(" name=\"")?;
        let (name, _) = rest.split_once('"')?;
        Some((name.to_owned(), value.strip_suffix("\r\n")?.to_owned()))
    };
    if boundary.is_empty() {
        return Vec::new();
    }
    body.split(&format!("--{boundary}")).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_parts() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\r\n--b--\r\n";
        let form = parts(body, "b");
        assert_eq!(value(&form, "a"), Some("1\r\n2"));
        assert_eq!(value(&form, "b"), Some(""));
        assert_eq!(value(&form, "c"), None);
    }
}
