//! People who use the dashboard: how they come to be, and how they are recognised.
//!
//! Owns the `staff`, `staff_session` and `staff_invitation` tables. Staff belong to the installation,
//! not to a brand. Sign-up is never open: somebody with a shell on the server makes a one-time link.
//! Never hashes a password: that takes long, and no database connection may be held meanwhile, so
//! whoever answers the request hashes between the calls here. Start with [`invitation`], then
//! [`session`].

pub mod invitation;
pub mod session;
pub mod store;

use chrono::{DateTime, Utc};

use crate::kernel::EmailAddress;
use crate::kernel::id::StaffId;

/// The longest name of a staff member, in characters.
pub const NAME_CHARS_MAX: usize = 80;

/// A staff member.
#[derive(Clone, Debug)]
pub struct Member {
    /// Their id.
    pub staff_id: StaffId,
    /// The address that signs them in, in its canonical form.
    pub email: String,
    /// Their name.
    pub name: String,
    /// When they became staff.
    pub created_at: DateTime<Utc>,
    /// Since when they may no longer sign in.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// Somebody who is about to become staff.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: EmailAddress,
}

/// What is wrong with a form for becoming staff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewMemberFaults {
    /// The name is empty or too long.
    pub name: bool,
    /// The address cannot be read.
    pub email: bool,
}

impl NewMember {
    /// Reads what somebody typed.
    pub fn parse(name: &str, email: &str) -> Result<Self, NewMemberFaults> {
        let name = name.trim();
        let email = EmailAddress::parse(email);
        let faults = NewMemberFaults {
            name: name.is_empty()
                || name.chars().count() > NAME_CHARS_MAX
                || name.chars().any(char::is_control),
            email: email.is_err(),
        };
        match email {
            Ok(email) if !faults.name => Ok(Self {
                name: name.to_owned(),
                email,
            }),
            Ok(_) | Err(_) => Err(faults),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_new_member_is_named_at_once() {
        let faults = NewMember::parse("  ", "mara@").expect_err("neither can be used");
        assert_eq!(
            faults,
            NewMemberFaults {
                name: true,
                email: true
            }
        );

        let faults = NewMember::parse(&"x".repeat(81), "mara@brand.example").expect_err("too long");
        assert_eq!(
            faults,
            NewMemberFaults {
                name: true,
                email: false
            }
        );

        let member = NewMember::parse(" Mara ", "Mara@Brand.example").expect("both are fine");
        assert_eq!(
            (member.name.as_str(), member.email.as_str()),
            ("Mara", "mara@brand.example")
        );
    }
}
