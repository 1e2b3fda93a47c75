#[derive(Debug, Default)]
pub(crate) struct Menu;
impl Menu {
    pub(crate) fn hear(&mut self, _text: &str) {}
    pub(crate) fn is_one(&self) -> bool {
        false
    }
}
