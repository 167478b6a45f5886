//! Which layer wins, and what is refused.

use super::*;

/// The layers of a configuration file with this text, of variables and of flags.
fn layers(file: &str, variables: &[(&str, &str)], mut flags: ServeArgs) -> Result<Layers, Refusal> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scriptorium.toml");
    std::fs::write(&path, file).unwrap();
    flags.config = Some(path);
    let variables = variables.iter();
    Layers::read(
        &flags,
        variables.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
    )
}

#[track_caller]
fn check(layers: &Layers, key: &str, value: &str, origin: &str) {
    let shown = layers.shown();
    let line = shown.iter().find(|line| line.key == key).unwrap();
    assert_eq!(line.value, value);
    assert!(line.origin.starts_with(origin), "{}", line.origin);
}

#[track_caller]
fn refuse(file: &str, variables: &[(&str, &str)], complaint: &str) {
    let settings = layers(file, variables, ServeArgs::default()).and_then(|l| l.settings());
    let refusal = settings.map(|_| ()).unwrap_err();
    assert_eq!(refusal.exit, crate::exit::Exit::Usage);
    assert!(refusal.message.contains(complaint), "{refusal}");
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "listen = \"127.0.0.1:1\"\ndata_dir = \"from-file\"\nworkers = 3\n";
    let variables = [
        ("SCRIPTORIUM_LISTEN", "127.0.0.1:2"),
        ("SCRIPTORIUM_DATA_DIR", "from-environment"),
        ("HOME", "/root"),
    ];
    let flags = ServeArgs {
        listen: Some("127.0.0.1:3".parse().unwrap()),
        ..ServeArgs::default()
    };
    let layers = layers(file, &variables, flags).unwrap();
    check(&layers, "listen", "127.0.0.1:3", "flag --listen");
    check(
        &layers,
        "data_dir",
        "from-environment",
        "environment SCRIPTORIUM_DATA_DIR",
    );
    check(&layers, "workers", "3", "file ");
    check(&layers, "log", "info", "default");
    check(&layers, "public_url", "(not set)", "default");
    let settings = layers.settings().unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.workers, Some(3));
}

#[test]
fn secrets_are_masked_and_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "correct horse\n").unwrap();
    let path = path.to_str().unwrap();
    let layers = layers(
        "",
        &[("SCRIPTORIUM_ADMIN_PASSWORD_FILE", path)],
        ServeArgs::default(),
    )
    .unwrap();
    let origin = "environment SCRIPTORIUM_ADMIN_PASSWORD_FILE";
    check(&layers, "admin_password", "********", origin);
    let password = layers.settings().unwrap().admin_password;
    assert_eq!(password.as_deref(), Some("correct horse"));
}

#[test]
fn lists_are_tables_of_the_file_or_commas_of_a_variable() {
    let file = "http_allow = [\"127.0.0.1:9000\", \"[::1]:9001\"]";
    let settings = layers(file, &[], ServeArgs::default())
        .unwrap()
        .settings()
        .unwrap();
    assert_eq!(settings.http_allow.len(), 2);
    let variables = [
        ("SCRIPTORIUM_HTTP_ALLOW", "127.0.0.1:9000, 127.0.0.1:9001"),
        ("SCRIPTORIUM_SERVICE_ALLOW", "10.0.0.5:9000"),
    ];
    let settings = layers("", &variables, ServeArgs::default())
        .unwrap()
        .settings()
        .unwrap();
    assert_eq!(settings.http_allow.len(), 2);
    assert_eq!(settings.service_allow.len(), 1);
}

#[test]
fn shares_of_tenants_begin_with_a_preset() {
    let file = "tenant_preset = \"trusted\"\n\
        tenant_shares = [\"acme=shared-hosting\", \"acme.weight=300\", \"beta.running=20\", \"beta.backlog=9\", \"default.waiting=7\"]";
    let layers = layers(file, &[], ServeArgs::default()).unwrap();
    let settings = layers.settings().unwrap();
    assert_eq!(settings.tenant_preset, TenantShare::TRUSTED);
    let expected = [
        (
            "acme",
            TenantShare {
                weight: 300,
                ..TenantShare::SHARED_HOSTING
            },
        ),
        (
            "beta",
            TenantShare {
                running: 20,
                backlog: 9,
                ..TenantShare::TRUSTED
            },
        ),
        (
            "default",
            TenantShare {
                waiting: 7,
                ..TenantShare::TRUSTED
            },
        ),
    ];
    let expected = expected.map(|(slug, share)| (slug.to_owned(), share));
    assert_eq!(settings.tenant_shares, BTreeMap::from(expected));
    for entry in [
        "acme",
        "acme=free",
        "acme.weight=x",
        "acme.rate=1",
        ".weight=1",
    ] {
        let file = format!("tenant_shares = [\"{entry}\"]");
        refuse(&file, &[], "tenant_shares (file ");
    }
    refuse(
        "tenant_preset = \"free\"",
        &[],
        "must be trusted or shared-hosting",
    );
}

#[test]
fn what_notifications_go_through_is_read() {
    let file = "smtp_host = \"mail.example\"\nsmtp_from = \"Acme <no-reply@acme.example>\"\n\
        smtp_user = \"acme\"\nsms_url = \"https://sms.example\"\nnotifications = \"record\"";
    let variables = [("SCRIPTORIUM_SMTP_PASSWORD", "correct horse")];
    let layers = layers(file, &variables, ServeArgs::default()).unwrap();
    check(&layers, "smtp_password", "********", "environment");
    check(&layers, "sms_url", "********", "file ");
    let settings = layers.settings().unwrap().notifications;
    let mail = settings.mail.unwrap();
    assert_eq!(mail.tls, scriptorium::MailTls::StartTls);
    let login = Some(("acme".to_owned(), "correct horse".to_owned()));
    assert_eq!(mail.login, login);
    assert_eq!(settings.mode, SendMode::Record);
    assert_eq!(settings.sms.unwrap().content_type, SmsGateway::JSON);
    let host = "smtp_host = \"mail.example\"\n";
    for (file, complaint) in [
        (host.to_owned(), "smtp_from (default) must be a sender"),
        (
            format!("{host}smtp_from = \"a@b.example\"\nsmtp_tls = \"maybe\""),
            "must be starttls, tls or off",
        ),
        (
            format!("{host}smtp_from = \"a@b.example\"\nsmtp_user = \"acme\""),
            "smtp_password",
        ),
        (
            format!("{host}smtp_from = \"a@b.example\"\nsmtp_ca_file = \"/nowhere\""),
            "smtp_ca_file",
        ),
        (
            "notifications = \"off\"".to_owned(),
            "must be send or record",
        ),
    ] {
        refuse(&file, &[], complaint);
    }
}

#[test]
fn an_empty_variable_takes_a_value_away() {
    let file = "public_url = \"https://a.example\"";
    let layers = layers(
        file,
        &[("SCRIPTORIUM_PUBLIC_URL", "")],
        ServeArgs::default(),
    )
    .unwrap();
    check(&layers, "public_url", "(not set)", "environment");
}

#[test]
fn unknown_variables_are_told_and_do_not_stop_the_start() {
    // An orchestrator sets variables like this one for a service of our name.
    let variables = [
        ("SCRIPTORIUM_SERVICE_HOST", "10.0.0.1"),
        ("SCRIPTORIUM_TOKEN", "of the client commands"),
    ];
    let layers = layers("", &variables, ServeArgs::default()).unwrap();
    assert_eq!(layers.unknown_variables, ["SCRIPTORIUM_SERVICE_HOST"]);
}

#[test]
fn what_cannot_be_right_is_refused() {
    refuse(
        "lisen = \"127.0.0.1:1\"",
        &[],
        "unknown key lisen; known are listen",
    );
    refuse("listen = ", &[], "scriptorium.toml");
    refuse("listen = { port = 1 }", &[], "listen must be a plain value");
    refuse("listen = \"localhost\"", &[], "listen (file ");
    refuse(
        "",
        &[("SCRIPTORIUM_LISTEN", "8080")],
        "(environment SCRIPTORIUM_LISTEN) must be",
    );
    refuse("", &[("SCRIPTORIUM_LISTEN", "")], "listen (environment");
    refuse("workers = 0", &[], "workers (file");
    refuse("log_format = \"xml\"", &[], "must be text or json");
    refuse("wall = true", &[], "must be auto, require or off");
    refuse(
        "database_url_replica = \"postgres://replica.example/erp\"",
        &[],
        "needs database_url: files in the data directory have no replicas",
    );
    refuse(
        "database_url = \"postgres://db.example/erp\"\ndatabase_url_replica = \"postgres://replica.example/erp\"\n\
         replica_max_lag = \"soon\"",
        &[],
        "replica_max_lag (file",
    );
    refuse("bootstrap_token = \"short\"", &[], "at least 32 characters");
    refuse(
        "",
        &[
            ("SCRIPTORIUM_ADMIN_PASSWORD", "a"),
            ("SCRIPTORIUM_ADMIN_PASSWORD_FILE", "/nowhere"),
        ],
        "are both set",
    );
    refuse(
        "",
        &[("SCRIPTORIUM_ADMIN_PASSWORD_FILE", "/nowhere")],
        "cannot read /nowhere",
    );
}

#[test]
fn a_replica_is_said_by_flag_environment_or_file() {
    let flags = |url: &str| ServeArgs {
        database_url_replica: Some(url.to_owned()),
        ..ServeArgs::default()
    };
    let file = "database_url = \"postgres://db.example/erp\"\ndatabase_url_replica = \"postgres://file/erp\"";
    let variable = [(
        "SCRIPTORIUM_DATABASE_URL_REPLICA",
        "postgres://variable/erp",
    )];
    let lag = [variable[0], ("SCRIPTORIUM_REPLICA_MAX_LAG", "2m")];
    for (variables, flags, url, seconds) in [
        (&[][..], ServeArgs::default(), "postgres://file/erp", 10),
        (
            &variable,
            ServeArgs::default(),
            "postgres://variable/erp",
            10,
        ),
        (&lag, ServeArgs::default(), "postgres://variable/erp", 120),
        (
            &lag,
            flags("postgres://flag/erp"),
            "postgres://flag/erp",
            120,
        ),
    ] {
        let layers = layers(file, variables, flags).unwrap();
        let replica = layers
            .settings()
            .unwrap()
            .database
            .unwrap()
            .replica
            .unwrap();
        assert_eq!(
            (replica.url.as_str(), replica.max_lag.as_secs()),
            (url, seconds)
        );
        // It may hold a password.
        let shown = layers.shown();
        let shown = shown
            .iter()
            .find(|shown| shown.key == "database_url_replica");
        assert_eq!(shown.unwrap().value, "********");
    }
}

#[test]
fn tables_are_attached_by_the_file() {
    let file = "[attached.orders]\ntable = \"shop.orders\"\ntenant = \"company\"\ntenant_is = \"key\"\n\
                tenant_keys = { table = \"shop.companies\", key = \"id\", tenant = \"slug\" }\n\
                access = \"write\"\nkey = [\"number\"]\n\
                [attached.clients]\ntable = \"crm.clients\"\ntenant = \"tenant\"\ncolumns = [\"id\", \"name\"]\n";
    let settings = layers(file, &[], ServeArgs::default())
        .unwrap()
        .settings()
        .unwrap();
    let shown: Vec<(String, bool, Vec<String>)> = settings
        .tables
        .tables
        .into_iter()
        .map(|table| {
            let attached = table.attached.unwrap();
            assert_eq!(attached.write, table.scripts.unwrap().write);
            (
                format!(
                    "{} {}.{} {:?}",
                    table.name, attached.schema, attached.table, attached.named
                ),
                attached.write,
                table.key,
            )
        })
        .collect();
    let keys =
        "Key(Keys { schema: \"shop\", table: \"companies\", key: \"id\", tenant: \"slug\" })";
    assert_eq!(
        shown,
        [
            ("clients crm.clients Id".to_owned(), false, vec![]),
            (
                format!("orders shop.orders {keys}"),
                true,
                vec!["number".to_owned()]
            ),
        ]
    );
    let table = |rest: &str| format!("[attached.orders]\ntable = \"shop.orders\"\n{rest}");
    for (file, complaint) in [
        ("attached = 7".to_owned(), "must be tables"),
        (
            format!("demo = true\n{}", table("tenant = \"x\"")),
            "demo has tables of its own",
        ),
        ("attached = { orders = 7 }".to_owned(), "attached.orders: "),
        (table(""), "missing field `tenant`"),
        (
            table("tenant = \"x\"\nmode = \"read\""),
            "unknown field `mode`",
        ),
        (
            table("tenant = \"x\"\naccess = \"all\""),
            "unknown variant `all`",
        ),
        (
            table("tenant = \"x\"\ntenant_is = \"key\""),
            "tenant_keys goes with",
        ),
        (
            "[attached.orders]\ntable = \"orders\"\ntenant = \"x\"".to_owned(),
            "a schema and a table",
        ),
    ] {
        refuse(&file, &[], complaint);
    }
}
