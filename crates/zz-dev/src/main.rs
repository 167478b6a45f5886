use scriptorium::Platform;
#[tokio::main]
async fn main() {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::INFO).with_writer(std::io::stderr).init();
    let args: Vec<String> = std::env::args().collect();
    let get = |name: &str| args.iter().position(|a| a == name).map(|i| args[i + 1].clone());
    let dir = get("--data-dir").unwrap();
    let builder = scriptorium_erp::install(Platform::builder().data_dir(dir).admin_password(std::env::var("SCRIPTORIUM_ADMIN_PASSWORD").unwrap()));
    let platform = builder.start().await.unwrap();
    scriptorium_erp::seed(&platform, std::env::var("SCRIPTORIUM_ADMIN_PASSWORD").ok().as_deref()).await.unwrap();
    let config = scriptorium_server::Config { listen: get("--listen").unwrap().parse().unwrap(), ..Default::default() };
    let server = scriptorium_server::Server::bind(config, platform.clone()).await.unwrap();
    println!("listening on http://{}", server.local_addr());
    server.run(std::future::pending()).await;
}
