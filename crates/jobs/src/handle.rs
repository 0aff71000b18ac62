//! From an event to its answer.
use crate::{Answer, Error, Event, Host, Needs, Task, memory, resolve, run};
use serde_json::Value;
use std::future::Future;
use std::time::{Duration, Instant};
use storage::{Clients, Credentials, Secret};

/// Answers an event. `clients` are the host's own: they write the store, and lend their connections for reading with the
/// event's credentials. Nothing of one call is left for the next.
pub async fn handle<S, F>(event: &Value, clients: &Clients, host: &Host<'_, S>) -> Answer
where
    S: Fn(Duration) -> F,
    F: Future<Output = ()>,
{
    let began = Instant::now();
    memory::forget_peak();
    let cell = event.get("parent_morton").and_then(Value::as_i64);
    let failed = |error: &Error| Answer::failed(cell, error, began.elapsed().as_secs_f64());
    let event = match Event::from_value(event, Needs::Function) {
        Ok(event) => event,
        Err(error) => return failed(&error),
    };
    let credentials = match keys(&event, clients, host).await {
        Ok(credentials) => credentials,
        Err(error) => return failed(&error),
    };
    let mut answer = match task(&event, credentials.clone(), clients).await {
        Ok(task) => run(&task, host).await.answer,
        Err(error) => failed(&error),
    };
    let token = credentials.session_token.as_ref().map_or("", Secret::expose);
    answer.redact(&[credentials.secret_access_key.expose(), token]);
    answer
}

async fn task(event: &Event, credentials: Credentials, clients: &Clients) -> Result<Task, Error> {
    let mut task = Task::of(event, credentials, clients)?;
    if event.asked.product.is_none() {
        task.recognise(event).await?;
    }
    Ok(task)
}

/// The credentials for reading: those in the event, else those that it names.
async fn keys<S>(event: &Event, clients: &Clients, host: &Host<'_, S>) -> Result<Credentials, Error> {
    match (&event.credentials, &event.credentials_ref) {
        (Some(credentials), _) => Ok(credentials.clone()),
        (None, Some(name)) => resolve(name, clients, host.secrets_endpoint.as_deref()).await,
        (None, None) => Err(Error::bad_event("Missing required parameters: s3_credentials")),
    }
}
