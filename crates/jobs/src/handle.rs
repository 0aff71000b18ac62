//! From an event to its answer.
use crate::{Answer, Ended, Error, ErrorType, Event, Host, Needs, Task, memory, resolve, run_together};
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
    let mut answer = match tasks(&event, &credentials, clients).await {
        Ok(tasks) => {
            let mut answers: Vec<Option<Answer>> = tasks.iter().map(|_| None).collect();
            let mut ended = |at: usize, ended: Ended| {
                answers.get_mut(at).into_iter().for_each(|place| *place = Some(ended.answer.clone()));
            };
            run_together(&tasks, host, &mut ended).await;
            let mut answers = answers.into_iter().flatten();
            if event.cells.is_empty() {
                let lost = || failed(&Error::new(ErrorType::Internal, "the task has not ended"));
                answers.next().unwrap_or_else(lost)
            } else {
                Answer::together(answers.collect(), began.elapsed().as_secs_f64())
            }
        }
        Err(error) => failed(&error),
    };
    let token = credentials.session_token.as_ref().map_or("", Secret::expose);
    answer.redact(&[credentials.secret_access_key.expose(), token]);
    answer
}

async fn tasks(event: &Event, credentials: &Credentials, clients: &Clients) -> Result<Vec<Task>, Error> {
    let mut tasks = Task::of(event, credentials, clients)?;
    if event.asked.product.is_none() {
        for task in &mut tasks {
            task.recognise(event).await?;
        }
    }
    Ok(tasks)
}

/// The credentials for reading: those in the event, else those that it names.
async fn keys<S>(event: &Event, clients: &Clients, host: &Host<'_, S>) -> Result<Credentials, Error> {
    match (&event.credentials, &event.credentials_ref) {
        (Some(credentials), _) => Ok(credentials.clone()),
        (None, Some(name)) => resolve(name, clients, host.secrets_endpoint.as_deref()).await,
        (None, None) => Err(Error::bad_event("Missing required parameters: s3_credentials")),
    }
}
