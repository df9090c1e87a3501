//! People whose password another system hashed.

use super::post::sign_in_by_mail;
use super::world::{World, assert_signed_in, open_login};

const MARA: &str = "mara@x.example";

/// Of `Grüne Äpfel, 7 Stück`; made by glibc, see `tests/vectors`.
const HASH: &str = "$6$einSalzAusBuch$WJnRhGz/imCpd.SCR0gVIZNFLYIVwEkuJVOOICnDKQ6r6nBpkmZPF8s\
                    /gl9Imp54VmgigmxQkCA/Sj.7wDZsh.";

#[tokio::test]
async fn s33_a_password_that_moved_here_signs_in_and_is_hashed_anew() {
    let world = World::new().await;
    world.connect_mailbox().await;
    world.offer_passwords().await;
    assert_signed_in(&sign_in_by_mail(&world, &mut world.browser(), MARA).await);
    sqlx::query(
        "insert into credential (brand_id, credential_id, profile_id, kind, data, created_at)
         select brand_id, profile_id, profile_id, 'password', jsonb_build_object('hash', $1::text),
                created_at from profile",
    )
    .bind(HASH)
    .execute(&world.app.app.pool)
    .await
    .unwrap();
    let stored = "select data->>'hash' from credential";
    let mut browser = world.browser();
    let login = open_login(&mut browser).await;
    let path = login.replace("/login?", "/login/password?");

    let wrong = [("email", MARA), ("password", "Grüne Äpfel, 8 Stück")];
    assert_eq!(browser.post_form(&path, &wrong).await.status, 422);
    assert_eq!(world.texts(stored).await, [HASH]);
    let right = [("email", MARA), ("password", "Grüne Äpfel, 7 Stück")];
    assert_signed_in(&browser.post_form(&path, &right).await);

    let anew = world.texts(stored).await;
    assert!(
        anew[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{anew:?}"
    );
    let mut again = world.browser();
    let login = open_login(&mut again).await;
    let path = login.replace("/login?", "/login/password?");
    assert_signed_in(&again.post_form(&path, &right).await);
    assert_eq!(world.texts(stored).await, anew);
}
