//! The vectors that the three publish, and what must not pass for a signature (WEB-18).

use super::*;

/// The vector of the Standard Webhooks specification.
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_BODY: &str = r#"{"test": 2432232314}"#;
const STANDARD_TIME: i64 = 1_614_265_330;
const STANDARD: [(&str, &str); 3] = [
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("webhook-timestamp", "1614265330"),
    (
        "webhook-signature",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
];

/// The vector that Stripe's own libraries are tested with.
const STRIPE_SECRET: &str = "webhook_secret";
const STRIPE_BODY: &str = include_str!("stripe_event.json");
const STRIPE_TIME: i64 = 1_533_204_620;
const STRIPE: [(&str, &str); 1] = [(
    "stripe-signature",
    "t=1533204620,v1=f0bdba6d4eacbd8ad8a3bbadd7248e633ec1477f7899c124c51b39405fa36613,\
     v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef",
)];

/// The vector of GitHub's documentation.
const GITHUB_SECRET: &str = "It's a Secret to Everybody";
const GITHUB_BODY: &str = "Hello, World!";
const GITHUB: [(&str, &str); 2] = [
    (
        "x-hub-signature-256",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    ),
    ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
];

/// A request as it ought to be, and how each case differs.
#[derive(Clone)]
struct Case {
    scheme: SignatureScheme,
    keys: Vec<Vec<u8>>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    now: i64,
}

impl Case {
    fn of(scheme: SignatureScheme) -> Self {
        let (secret, headers, body, now): (_, &[(&str, &str)], _, _) = match scheme {
            SignatureScheme::Standard => (STANDARD_SECRET, &STANDARD, STANDARD_BODY, STANDARD_TIME),
            SignatureScheme::Stripe => (STRIPE_SECRET, &STRIPE, STRIPE_BODY, STRIPE_TIME),
            SignatureScheme::GitHub => (GITHUB_SECRET, &GITHUB, GITHUB_BODY, 1_700_000_000),
        };
        let key = match scheme {
            // Shorter than what is accepted as a new secret today.
            SignatureScheme::Stripe => secret.as_bytes().to_vec(),
            _ => key_of(scheme, secret).unwrap(),
        };
        Self {
            scheme,
            keys: vec![key],
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
            now,
        }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        let place = self.headers.iter_mut().find(|(header, _)| header == name);
        place.unwrap().1 = value.to_owned();
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| header != name);
        self
    }

    fn twice(mut self, name: &str) -> Self {
        let found = self.headers.iter().find(|(header, _)| header == name);
        let found = found.unwrap().clone();
        self.headers.push(found);
        self
    }

    fn body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    fn at(mut self, seconds: i64) -> Self {
        self.now += seconds;
        self
    }

    fn keys(mut self, keys: &[&[u8]]) -> Self {
        let own = self.keys.pop().unwrap();
        self.keys = keys
            .iter()
            .map(|key| match *key {
                b"own" => own.clone(),
                other => other.to_vec(),
            })
            .collect();
        self
    }

    fn run(&self) -> Result<Signed, BadSignature> {
        let now = Timestamp::from_second(self.now).unwrap();
        check(self.scheme, &self.keys, &self.headers, &self.body, now)
    }
}

#[track_caller]
fn check_case(what: &str, case: Case, expected: Result<(), BadSignature>) {
    assert_eq!(case.run().map(drop), expected, "{what}");
}

#[test]
fn the_published_vectors_are_right_and_nothing_that_differs_is() {
    use BadSignature::{Malformed, Missing, Stale, Wrong};
    use SignatureScheme::{GitHub, Standard, Stripe};
    for scheme in SignatureScheme::ALL {
        let case = || Case::of(scheme);
        let name = scheme.as_str();
        check_case(name, case(), Ok(()));
        check_case(name, case().body("{}"), Err(Wrong));
        check_case(name, case().body(""), Err(Wrong));
        check_case(name, case().keys(&[]), Err(Wrong));
        check_case(name, case().keys(&[b"another tenant's"]), Err(Wrong));
        // In rotation: whichever of them it is.
        check_case(name, case().keys(&[b"next", b"own"]), Ok(()));
        check_case(name, case().keys(&[b"own", b"next", b"last"]), Ok(()));
    }
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        check_case(name, Case::of(Standard).without(name), Err(Missing));
        check_case(name, Case::of(Standard).twice(name), Err(Missing));
        let emptied = Case::of(Standard).header(name, "");
        check_case(name, emptied, Err(Malformed));
    }
    let (signature, name) = (
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "webhook-signature",
    );
    for (value, expected) in [
        (format!("v1,{}", &signature[..40]), Err(Wrong)),
        (format!("v1,{}", signature.to_uppercase()), Err(Wrong)),
        (format!("v2,{signature}"), Err(Malformed)),
        (format!("v1a,{signature}"), Err(Malformed)),
        (signature.to_owned(), Err(Malformed)),
        (format!("v1,{signature},"), Err(Malformed)),
        (format!("v1,AAAA v1,{signature} v1a,BBBB"), Ok(())),
        (
            format!("{}v1,{signature}", "v1,AAAA ".repeat(10)),
            Err(Wrong),
        ),
    ] {
        check_case(&value, Case::of(Standard).header(name, &value), expected);
    }
    check_case(
        "other id",
        Case::of(Standard).header("webhook-id", "msg_2"),
        Err(Wrong),
    );
    check_case(
        "dots",
        Case::of(Standard).header("webhook-id", "msg.1"),
        Err(Malformed),
    );
    for (time, expected) in [
        ("1614265331", Wrong),
        (" 1614265330", Malformed),
        ("+1614265330", Malformed),
        ("01614265330", Malformed),
        ("1614265330.0", Malformed),
        ("99999999999999999999", Malformed),
    ] {
        let case = Case::of(Standard).header("webhook-timestamp", time);
        check_case(time, case, Err(expected));
    }
    for scheme in [Standard, Stripe] {
        for (seconds, expected) in [
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(Stale)),
            (-301, Err(Stale)),
        ] {
            let what = format!("{} {seconds}", scheme.as_str());
            check_case(&what, Case::of(scheme).at(seconds), expected);
        }
    }
    let code = "f0bdba6d4eacbd8ad8a3bbadd7248e633ec1477f7899c124c51b39405fa36613";
    for (value, expected) in [
        (format!("t=1533204620,v1={code}"), Ok(())),
        (format!("t=1533204620, v1=00,v1={code}"), Ok(())),
        (format!("v1={code}"), Err(Malformed)),
        (
            format!("t=1533204620,t=1533204620,v1={code}"),
            Err(Malformed),
        ),
        (format!("t=1533204621,v1={code}"), Err(Wrong)),
        (format!("t=1533204620,v0={code}"), Err(Malformed)),
        (
            format!("t=1533204620,v1={}", code.to_uppercase()),
            Err(Malformed),
        ),
        (format!("t=1533204620,v1={}", &code[..62]), Err(Wrong)),
        ("t=1533204620,v1=".to_owned(), Err(Malformed)),
        (String::new(), Err(Malformed)),
    ] {
        let case = Case::of(Stripe).header("stripe-signature", &value);
        check_case(&value, case, expected);
    }
    check_case(
        "twice",
        Case::of(Stripe).twice("stripe-signature"),
        Err(Missing),
    );
    check_case(
        "none",
        Case::of(Stripe).without("stripe-signature"),
        Err(Missing),
    );
    let code = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    for (value, expected) in [
        (format!("sha1={code}"), Err(Malformed)),
        (code.to_owned(), Err(Malformed)),
        (format!("sha256={}", code.to_uppercase()), Err(Malformed)),
        (format!("sha256={}", &code[..62]), Err(Wrong)),
        (format!("sha256={code}00"), Err(Wrong)),
        ("sha256=".to_owned(), Err(Malformed)),
    ] {
        let case = Case::of(GitHub).header("x-hub-signature-256", &value);
        check_case(&value, case, expected);
    }
    check_case(
        "none",
        Case::of(GitHub).without("x-hub-signature-256"),
        Err(Missing),
    );
    check_case(
        "two ids",
        Case::of(GitHub).twice("x-github-delivery"),
        Err(Missing),
    );
    // No time is signed: it is right for ever.
    check_case("years later", Case::of(GitHub).at(100_000_000), Ok(()));
}

#[test]
fn the_same_request_is_known_again_and_another_is_not_taken_for_it() {
    for scheme in SignatureScheme::ALL {
        let first = Case::of(scheme).run().unwrap();
        let again = Case::of(scheme).at(1).run().unwrap();
        assert!(first.digest.is_some());
        assert_eq!(first.digest, again.digest, "{}", scheme.as_str());
    }
    let case = Case::of(SignatureScheme::GitHub);
    let other = case.clone().header("x-github-delivery", "another").run();
    assert_ne!(other.unwrap().digest, case.run().unwrap().digest);
    let unnamed = Case::of(SignatureScheme::GitHub).without("x-github-delivery");
    assert_eq!(unnamed.run().unwrap().digest, None);
}

#[test]
fn a_secret_is_of_its_scheme_and_long_enough() {
    use SignatureScheme::{GitHub, Standard, Stripe};
    for (scheme, secret, is_one) in [
        (Standard, STANDARD_SECRET, true),
        (Standard, &STANDARD_SECRET[6..], true),
        (Standard, "whsec_c2hvcnQ=", false),
        (Standard, "whsec_not base64!", false),
        (Standard, "", false),
        (Stripe, "whsec_0123456789abcdef", true),
        (Stripe, "short", false),
        (GitHub, GITHUB_SECRET, true),
        (GitHub, " with blanks around it ", false),
        (GitHub, "with\na line in the middle", false),
    ] {
        let key = key_of(scheme, secret);
        assert_eq!(key.is_ok(), is_one, "{} {secret}", scheme.as_str());
        if let Err(invalid) = key {
            assert_eq!(invalid.errors[0].code, "bad_secret");
            assert!(secret.is_empty() || !invalid.to_string().contains(secret));
        }
    }
    assert!(key_of(GitHub, &"x".repeat(257)).is_err());
    let made = written(&[7; 32]);
    assert_eq!(key_of(Standard, &made).unwrap(), [7; 32]);
}
