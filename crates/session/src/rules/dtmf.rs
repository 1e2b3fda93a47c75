use domain::Millis;

/// How keys of the phone are collected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DtmfRules {
    /// A pause between keys that ends typing.
    pub pause: Millis,
    /// So many keys end typing.
    pub most: u8,
    /// This key ends typing.
    pub end_key: char,
    /// Whether keys are a secret: the model gets them, records and logs do not.
    pub secret: bool,
    /// When the model may press keys itself.
    pub presses: Presses,
}

/// When the model may press keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presses {
    /// In every call.
    Always,
    /// Once a menu was heard in it.
    Menus,
    /// In none.
    Never,
}

impl DtmfRules {
    /// What holds unless the configuration says otherwise.
    pub const USUAL: Self = Self {
        pause: Millis(2_000),
        most: 32,
        end_key: '#',
        secret: false,
        presses: Presses::Menus,
    };
}
