#[derive(Debug, Default)]
pub(crate) struct Menu {
    is_one: bool,
}

impl Menu {
    pub(crate) fn hear(&mut self, text: &str) {
        self.is_one |= text.contains("press one");
    }

    pub(crate) fn is_one(&self) -> bool {
        self.is_one
    }
}
