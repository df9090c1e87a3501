//! What was mailed, as its reader sees it.

use befriend::kernel::id::{BrandId, MailId};
use befriend::mail::Letter;
use uuid::Uuid;

use super::world::World;
use crate::harness::{Answer, Browser};

/// A mail that goes out.
pub struct Posted {
    pub kind: String,
    pub letter: Letter,
}

impl Posted {
    /// The six digits of the code.
    pub fn code(&self) -> String {
        let text = &self.letter.text;
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let together: Vec<&str> = words.filter(is_code).collect();
        if let [code] = together.as_slice() {
            return (*code).to_owned();
        }
        panic!("no code, or several, in: {text}");
    }

    /// The path of the link.
    pub fn link(&self) -> String {
        let (_, rest) = self.letter.text.split_once("/login/mail/").unwrap();
        let secret = rest.split_whitespace().next().unwrap();
        format!("/login/mail/{secret}")
    }
}

impl World {
    /// Every mail to `address` that is worth sending, in the order in which they were written: those
    /// of one instant have no other.
    pub async fn mails(&self, address: &str) -> Vec<Posted> {
        let rows: Vec<(Uuid, Uuid, String, Vec<u8>)> = sqlx::query_as(
            "select brand_id, mail_id, kind, body from mail
             where recipient = $1 and expires_at > created_at and body <> ''
             order by created_at, xmin::text::bigint",
        )
        .bind(address)
        .fetch_all(&self.app.app.pool)
        .await
        .unwrap();
        let cipher = &self.app.app.cipher;
        rows.into_iter()
            .map(|(brand_id, mail_id, kind, body)| {
                let brand_id = BrandId::from_uuid(brand_id);
                let mail_id = MailId::from_uuid(mail_id);
                let letter = Letter::open(cipher, brand_id, mail_id, &body).unwrap();
                Posted { kind, letter }
            })
            .collect()
    }

    /// The latest mail to `address`, but for those that only tell of a sign-in or of a link: they
    /// are written beside it, at the same instant.
    pub async fn latest_mail(&self, address: &str) -> Posted {
        let mut mails = self.mails(address).await;
        mails.retain(|mail| !matches!(mail.kind.as_str(), "new_device" | "way_added"));
        mails.pop().expect("a mail")
    }
}

/// The same path under the same flow.
pub fn within(login: &str, path: &str) -> String {
    let (_, flow) = login.split_once("flow=").unwrap();
    format!("{path}?flow={flow}")
}

/// Asks for a code.
pub async fn ask(browser: &mut Browser, login: &str, address: &str) -> Answer {
    let path = within(login, "/login/email");
    browser.post_form(&path, &[("email", address)]).await
}

/// Types a code.
pub async fn type_code(browser: &mut Browser, login: &str, code: &str) -> Answer {
    let path = within(login, "/login/email/code");
    browser.post_form(&path, &[("code", code)]).await
}

/// Signs in by a code from first page to last.
pub async fn sign_in_by_mail(world: &World, browser: &mut Browser, address: &str) -> Answer {
    let login = super::world::open_login(browser).await;
    let asked = ask(browser, &login, address).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let address = address.trim().to_lowercase();
    let code = world.latest_mail(&address).await.code();
    type_code(browser, &login, &code).await
}
