//! JSON written as it comes, for the answers that are asked for again and again: no tree of values is built, and the
//! page order that all players of a session share is written out once and copied after that.

use std::{ops::Range, sync::Arc};

use serde::Serialize;

use crate::sandbox::value::Py;

/// JSON under construction.
#[derive(Default)]
pub(super) struct Writer {
    text: Vec<u8>,
    /// Whether the next item comes after another.
    follows: bool,
    /// The page order that was written last, and where.
    order: Option<(Arc<[String]>, Range<usize>)>,
}

impl Writer {
    /// With room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), ..Self::default() }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.text
    }

    /// Begins an object or list with its bracket.
    pub(super) fn open(&mut self, bracket: u8) {
        self.separate();
        self.text.push(bracket);
        self.follows = false;
    }

    /// Ends it.
    pub(super) fn close(&mut self, bracket: u8) {
        self.text.push(bracket);
        self.follows = true;
    }

    /// A key of an object; its value comes next.
    pub(super) fn key(&mut self, key: &str) {
        self.value(key);
        self.text.push(b':');
        self.follows = false;
    }

    /// An item of a list, or the value of a key.
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.separate();
        let start = self.text.len();
        if serde_json::to_writer(&mut self.text, value).is_err() {
            self.text.truncate(start);
            self.text.extend_from_slice(b"null");
        }
    }

    /// The value of a field.
    pub(super) fn field(&mut self, value: Option<&Py>) {
        match value {
            Some(Py::Texts(order)) => self.order(order),
            Some(value) => self.value(value),
            None => self.value(&()),
        }
    }

    fn order(&mut self, order: &Arc<[String]>) {
        if let Some((known, range)) = &self.order
            && Arc::ptr_eq(known, order)
        {
            let range = range.clone();
            self.separate();
            self.text.extend_from_within(range);
            return;
        }
        self.separate();
        self.follows = false;
        let start = self.text.len();
        self.value(&order[..]);
        self.order = Some((Arc::clone(order), start..self.text.len()));
    }

    fn separate(&mut self) {
        if self.follows {
            self.text.push(b',');
        }
        self.follows = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_items_only() {
        let order: Arc<[String]> = Arc::from(["a/B".to_owned()]);
        let mut writer = Writer::default();
        writer.open(b'{');
        for name in ["x", "y"] {
            writer.key(name);
            writer.open(b'[');
            writer.field(Some(&Py::Texts(Arc::clone(&order))));
            writer.field(None);
            writer.value(&1);
            writer.close(b']');
        }
        writer.key("z");
        writer.open(b'{');
        writer.close(b'}');
        writer.close(b'}');
        let text = String::from_utf8(writer.finish()).unwrap();
        assert_eq!(text, r#"{"x":[["a/B"],null,1],"y":[["a/B"],null,1],"z":{}}"#);
    }
}
