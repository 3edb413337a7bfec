//! Who may see more than health: a bearer token, compared in constant time.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::App;
use crate::secret::Secret;

/// Lets a request through if no token is set, or it carries it.
pub async fn require(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if allowed(app.token.as_ref(), request.headers()) {
        return next.run(request).await;
    }
    let told = "this page asks for the project's token: `Authorization: Bearer …`\n";
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], told).into_response()
}

fn allowed(token: Option<&Secret>, headers: &HeaderMap) -> bool {
    let Some(token) = token else { return true };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    given.is_some_and(|(_, given)| bool::from(given.trim().as_bytes().ct_eq(token.expose().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let token = Secret::new("s3cret");
        let with = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().expect("a literal of this test"))]);
        assert!(allowed(Some(&token), &with("Bearer s3cret")));
        assert!(allowed(Some(&token), &with("bearer  s3cret")));
        assert!(!allowed(Some(&token), &with("Bearer s3cre")));
        assert!(!allowed(Some(&token), &with("Basic s3cret")));
        assert!(!allowed(Some(&token), &HeaderMap::new()));
        assert!(allowed(None, &HeaderMap::new()));
    }
}
