//! The texts of the sign-in page, one catalogue per language.

/// A language that the sign-in page speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// Spanish.
    Spanish,
    /// Arabic, written from right to left.
    Arabic,
}

/// Every text of the sign-in page. `{brand}` and `{provider}` are replaced by names.
#[derive(Debug)]
pub struct Messages {
    sign_in_title: &'static str,
    continue_with: &'static str,
    continue_to: &'static str,
    /// Beside the way of signing in that was used last time.
    pub last_used: &'static str,
    privacy: &'static str,
    /// The link to the brand's privacy notice.
    pub privacy_link: &'static str,
    /// Shown where a brand has no provider enabled.
    pub no_providers: &'static str,
    /// The name of the list of languages.
    pub language: &'static str,
}

impl Language {
    /// All languages, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::Spanish, Self::Arabic];

    /// The language for a BCP 47 tag, judged by its first part, as in `de-CH`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.trim();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The first supported language of an `Accept-Language` header, which lists them in order of
    /// preference; English where none is.
    pub fn from_accept_language(header: &str) -> Self {
        header
            .split(',')
            .take(16)
            .find_map(|part| Self::from_tag(part.split(';').next()?))
            .unwrap_or_default()
    }

    /// The language's BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Arabic => "ar",
        }
    }

    /// The language's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
            Self::Arabic => "العربية",
        }
    }

    /// The direction it is written in: `ltr` or `rtl`.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::English | Self::German | Self::Spanish => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// The language's texts.
    pub const fn messages(self) -> &'static Messages {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::Spanish => &SPANISH,
            Self::Arabic => &ARABIC,
        }
    }
}

impl Messages {
    /// The page's heading.
    pub fn sign_in_to(&self, brand: &str) -> String {
        self.sign_in_title.replace("{brand}", brand)
    }

    /// A provider's button.
    pub fn continue_with(&self, provider: &str) -> String {
        self.continue_with.replace("{provider}", provider)
    }

    /// Which application the person goes on to.
    pub fn continue_to(&self, application: &str) -> String {
        self.continue_to.replace("{application}", application)
    }

    /// What the brand gets to see.
    pub fn privacy(&self, brand: &str) -> String {
        self.privacy.replace("{brand}", brand)
    }
}

static ENGLISH: Messages = Messages {
    sign_in_title: "Sign in to {brand}",
    continue_with: "Continue with {provider}",
    continue_to: "You will go on to {application}.",
    last_used: "Last used",
    privacy: "{brand} receives your name and email address from the account you choose, and \
              nothing is posted on your behalf.",
    privacy_link: "Privacy notice",
    no_providers: "No way of signing in is switched on yet. Please come back later.",
    language: "Language",
};

static GERMAN: Messages = Messages {
    sign_in_title: "Anmelden bei {brand}",
    continue_with: "Weiter mit {provider}",
    continue_to: "Danach geht es weiter zu {application}.",
    last_used: "Zuletzt benutzt",
    privacy: "{brand} erhält deinen Namen und deine E-Mail-Adresse von dem Konto, das du wählst. \
              In deinem Namen wird nichts veröffentlicht.",
    privacy_link: "Datenschutz",
    no_providers: "Noch ist keine Anmeldung eingeschaltet. Bitte komm später wieder.",
    language: "Sprache",
};

static SPANISH: Messages = Messages {
    sign_in_title: "Inicia sesión en {brand}",
    continue_with: "Continuar con {provider}",
    continue_to: "Después irás a {application}.",
    last_used: "Último usado",
    privacy: "{brand} recibe tu nombre y tu correo electrónico de la cuenta que elijas, y no se \
              publica nada en tu nombre.",
    privacy_link: "Aviso de privacidad",
    no_providers: "Todavía no hay ninguna forma de iniciar sesión. Vuelve más tarde.",
    language: "Idioma",
};

static ARABIC: Messages = Messages {
    sign_in_title: "تسجيل الدخول إلى {brand}",
    continue_with: "المتابعة باستخدام {provider}",
    continue_to: "ستنتقل بعد ذلك إلى {application}.",
    last_used: "آخر استخدام",
    privacy: "تتلقى {brand} اسمك وعنوان بريدك الإلكتروني من الحساب الذي تختاره، ولا يُنشر أي شيء \
              نيابةً عنك.",
    privacy_link: "إشعار الخصوصية",
    no_providers: "لم تُفعَّل أي طريقة لتسجيل الدخول بعد. يُرجى العودة لاحقًا.",
    language: "اللغة",
};

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn languages_are_chosen_by_preference() {
        for (header, language) in [
            ("de-CH,de;q=0.9,en;q=0.8", Language::German),
            ("fr, ES;q=0.5", Language::Spanish),
            ("ar", Language::Arabic),
            ("fr", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::from_accept_language(header), language, "{header}");
        }
    }

    #[test]
    fn every_catalogue_keeps_its_placeholders() {
        for language in Language::ALL {
            let messages = language.messages();

            assert!(messages.sign_in_to("Bellmoor").contains("Bellmoor"));
            assert!(messages.continue_with("Google").contains("Google"));
            assert!(messages.continue_to("Shop").contains("Shop"));
            assert!(messages.privacy("Bellmoor").contains("Bellmoor"));
        }
    }
}
