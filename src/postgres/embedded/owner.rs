//! Which user the server runs as: PostgreSQL refuses root.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use nix::unistd::{User, geteuid};
use tokio::process::Command;

use super::{Error, file_error};

/// The user that owns the cluster's files and runs its programs.
pub(super) struct Owner {
    /// Set when this process is root and has to step down.
    drop_to: Option<(u32, u32)>,
}

impl Owner {
    pub(super) fn choose() -> Result<Self, Error> {
        if !geteuid().is_root() {
            return Ok(Self { drop_to: None });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self {
                drop_to: Some((user.uid.as_raw(), user.gid.as_raw())),
            })
            .ok_or(Error::NoOwner)
    }

    /// Makes `folder` if need be and gives it to the owner alone.
    pub(super) fn private_folder(&self, folder: &Path) -> Result<(), Error> {
        std::fs::create_dir_all(folder).map_err(file_error("create the folder", folder))?;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, private).map_err(file_error("protect", folder))?;
        if let Some((user, group)) = self.drop_to {
            chown(folder, Some(user), Some(group)).map_err(file_error("hand over", folder))?;
            let_through(folder)?;
        }
        Ok(())
    }

    /// A command that will run as the owner, with nothing of our environment but the path.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C");
        if let Some((user, group)) = self.drop_to {
            command.uid(user).gid(group);
        }
        command
    }
}

/// Lets the owner pass through the data folder itself (0711: pass, not list). Folders above it are
/// not ours to open: the server's own message names them when they bar the way.
fn let_through(folder: &Path) -> Result<(), Error> {
    let Some(parent) = folder.parent() else {
        return Ok(());
    };
    let metadata = std::fs::metadata(parent).map_err(file_error("look at", parent))?;
    let mode = metadata.permissions().mode();
    if mode & 0o001 == 0 && parent.join("befriend.lock").exists() {
        let passable = std::fs::Permissions::from_mode(mode | 0o011);
        std::fs::set_permissions(parent, passable).map_err(file_error("open", parent))?;
    }
    Ok(())
}
