//! What there is to say, in every language.

use super::text::{Text, catalogue};

catalogue! {
    /// Every text that customers read on our pages and on the sign-in element.
    pub struct Messages {
        // The sign-in page.
        /// Its heading; `{brand}`.
        sign_in_title,
        /// A provider's button; `{provider}`.
        continue_with,
        /// Where the person goes on to; `{application}`.
        continue_to,
        /// Beside the way that was used last time.
        last_used,
        /// What the brand gets to see; `{brand}`.
        privacy,
        /// The link to the brand's privacy notice.
        privacy_link,
        /// Shown where a brand has no provider enabled.
        no_providers,
        /// The name of the list of languages.
        language,
        /// Somebody who is signed in proves again who they are.
        sign_in_once_more,
        /// The button below an address.
        email_me_a_code,
        /// The link to the page of passwords.
        use_a_password,
        /// A new password was set.
        password_set,
        /// Somebody said no at the provider.
        problem_cancelled,
        /// Somebody said no to what would be stored.
        problem_declined,
        /// The browser gave no passkey.
        passkey_unused,
        /// The button of passkeys.
        passkey_sign_in,
        /// The link to a new account by a passkey.
        passkey_sign_up,
        /// A passkey was not taken.
        problem_passkey,
        /// The provider said no.
        problem_refused,

        // Before a profile is made.
        /// Its heading; `{brand}`.
        consent_title,
        /// Below it; `{brand}`.
        consent_lead,
        /// Above what a provider told; `{provider}`.
        consent_from,
        /// Above the purposes.
        consent_for,
        /// Beside a purpose that can be left out.
        optional,
        /// Beside a purpose that cannot.
        needed,
        /// The button that says no.
        consent_no,
        /// The button that says yes.
        consent_yes,
        /// The link to the terms.
        terms_link,
        /// The name of the provider's own number of a person; `{provider}`.
        account_of,
        /// That number, described.
        account_number,
        /// The purpose that a profile cannot do without.
        purpose_account,
        /// Why; `{brand}`.
        purpose_account_why,
        /// The purpose of news.
        purpose_news,
        /// How it ends.
        purpose_news_why,
        /// Neither yes nor no was said.
        consent_choose,
        /// What would be stored is not what was shown.
        consent_changed,

        // What is stored.
        /// A name.
        item_name,
        /// A proven address.
        item_email,
        /// Another address.
        item_email_unverified,
        /// A picture.
        item_picture,
        /// A language.
        item_language,
        /// A user name.
        item_username,
        /// A telephone number.
        item_phone,
        /// A page about the person.
        item_website,
        /// A time zone.
        item_timezone,
        /// A gender.
        item_gender,
        /// A birthday.
        item_birthday,

        // Two ways in, one person.
        /// Its heading.
        link_title,
        /// Below it, with one old way in; `{email}`, `{brand}`, `{way}`.
        link_lead,
        /// Below it, with several; `{email}`, `{brand}`.
        link_lead_several,
        /// Above the proofs; `{provider}`.
        link_yes,
        /// Below that.
        link_yes_hint,
        /// A proof's button; `{provider}`.
        prove_with,
        /// Above the other answer.
        link_no,
        /// Below that.
        link_no_hint,
        /// The other answer's button.
        link_new,
        /// The proof was another account's.
        link_not_proven,

        // On the way to another site.
        /// Its heading; `{destination}`.
        going_title,
        /// Below it.
        going_lead,
        /// The link in case nothing happens.
        going_link,
        /// A window that has done its work: its heading.
        window_title,
        /// Below it; `{application}`.
        window_lead,

        // Signing out.
        /// The question; `{brand}`.
        sign_out_title,
        /// Below it.
        sign_out_lead,
        /// Yes.
        sign_out,
        /// No.
        stay,
        /// Done: the heading.
        signed_out_title,
        /// Below it; `{brand}`.
        signed_out_lead,
        /// Back to the site; `{brand}`.
        back_to,
        /// The other way on.
        sign_in_again,

        // Preferences.
        /// The heading; `{brand}`.
        preferences_title,
        /// Below it; `{address}`.
        preferences_lead,
        /// The first button: no more mails or calls at all.
        stop_everything,
        /// What that does; `{brand}`.
        stop_everything_hint,
        /// Where everything was stopped.
        stopped,
        /// The button that takes it back.
        start_again,
        /// Above the topics.
        preferences_topics,
        /// A channel's box; `{channel}`.
        by_channel,
        /// Email.
        channel_email,
        /// Text message.
        channel_sms,
        /// Telephone.
        channel_phone,
        /// Notification.
        channel_push,
        /// Post.
        channel_post,
        /// Above the pause.
        pause,
        /// No pause.
        pause_none,
        /// A pause; `{days}`.
        pause_days,
        /// A pause in force; `{day}`.
        paused_until,
        /// The button below.
        save,
        /// Saved.
        saved,

        // Errors.
        /// Before the reference.
        reference,

        // The sign-in element.
        /// A button that signs in; `{}` is left to the element.
        element_sign_in,
        /// A button that signs up.
        element_sign_up,
        /// A button that goes on with a provider.
        element_continue,
        /// Email, as the one with whom one goes on.
        element_email,
        /// Whoever is signed in.
        element_greeting,
        /// Something failed.
        element_failed,
    }
}
