//! `taxproof witness`: cosigns the heads of logs that only grow, over HTTP (C2SP tlog-witness).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clap::{Args, Subcommand};
use taxproof_log::{LogKey, MAX_NOTE, Refusal, WitnessError, WitnessFolder};

/// The witness's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begins a witness in a folder of its own, with a fresh key.
    Init(InitArguments),
    /// Watches a log from its next head on.
    Watch(WatchArguments),
    /// Cosigns what logs submit, until it is told to stop.
    Serve(ServeArguments),
    /// Shows the witness's key and the heads that it cosigned last.
    Show(FolderArguments),
}

/// Which witness.
#[derive(Debug, Args)]
pub(crate) struct FolderArguments {
    /// The witness's folder.
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
}

/// What a witness is begun with.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// Its name in cosignatures: an address without scheme, as `witness.example/one`.
    #[arg(long)]
    name: String,
}

/// What to watch.
#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The log's verifier key, as `taxproof authority log` shows it.
    #[arg(value_name = "NAME+ID+KEY")]
    log: LogKey,
}

/// Where to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    folder: FolderArguments,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:7380")]
    listen: SocketAddr,
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(arguments) => init(&arguments)?,
        Command::Watch(arguments) => {
            WitnessFolder::open(&arguments.folder.dir)?.watch(arguments.log)?;
        }
        Command::Serve(arguments) => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            runtime.block_on(serve(&arguments))?;
        }
        Command::Show(arguments) => show(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init(arguments: &InitArguments) -> anyhow::Result<()> {
    let key = WitnessFolder::init(&arguments.folder.dir, &arguments.name)?;
    println!("{key}");
    eprintln!(
        "hint: whoever relies on this witness needs the key above; `taxproof witness watch` adds a log"
    );
    Ok(())
}

fn show(arguments: &FolderArguments) -> anyhow::Result<()> {
    let witness = WitnessFolder::open(&arguments.dir)?;
    println!("{}", witness.key());
    for log in witness.logs() {
        match witness.latest(log.name())? {
            None => println!("{}: nothing cosigned yet", log.name()),
            Some(head) => println!(
                "{}: {} entries, root {}",
                log.name(),
                head.checkpoint.size,
                head.checkpoint.root
            ),
        }
    }
    for fork in witness.forks()? {
        eprintln!("evidence against a log:\n{fork}");
    }
    Ok(())
}

async fn serve(arguments: &ServeArguments) -> anyhow::Result<()> {
    let witness = Arc::new(WitnessFolder::open(&arguments.folder.dir)?);
    let router = Router::new()
        .route("/", get(|| async { "a witness of transparency logs\n" }))
        .route("/add-checkpoint", post(add_checkpoint))
        .layer(DefaultBodyLimit::max(2 * MAX_NOTE))
        .with_state(witness);
    let listener = tokio::net::TcpListener::bind(arguments.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", arguments.listen))?;
    eprintln!("listening on {}", listener.local_addr()?);
    let stopped = taxproof_verifier::service::stop_signal()?;
    axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await?;
    Ok(())
}

async fn add_checkpoint(State(witness): State<Arc<WitnessFolder>>, body: String) -> Response {
    let cosigned = tokio::task::spawn_blocking(move || {
        let time = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
        witness.add_checkpoint(&body, time)
    });
    match cosigned.await {
        Ok(Ok(line)) => line.into_response(),
        Ok(Err(WitnessError::Refused(refusal))) => refused(&refusal),
        Ok(Err(error)) => {
            eprintln!("error: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let kind = if status == StatusCode::CONFLICT {
        "text/x.tlog.size"
    } else {
        "text/plain"
    };
    (status, [(header::CONTENT_TYPE, kind)], refusal.body()).into_response()
}
