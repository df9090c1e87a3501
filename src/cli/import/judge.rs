//! Reading and judging, in a thread of its own, ahead of what is being stored.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::fault::Fault;
use super::prepare::{Input, Prepared};
use super::reader::{Given, Reader, What};
use crate::event::{Form, Judged, Rejection, validate};
use crate::kernel::{Clock, Entropy};

/// Events handed to the intake at once.
const BATCH_EVENTS: usize = 1_000;

/// Steps after which a batch ends, however few events it has.
const BATCH_STEPS: u64 = 20_000;

/// One judged event.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) line: u64,
    pub(super) judged: Judged,
    /// Why it is refused.
    pub(super) fault: Option<Fault>,
    /// Whether it was counted before it is sent, so that its verdict says nothing new.
    pub(super) is_counted: bool,
}

/// What a stretch of a file gave.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The file's position among the files.
    pub(super) file: usize,
    pub(super) items: Vec<Item>,
    /// Why rows were left out.
    pub(super) skipped: Vec<String>,
    /// Steps of the reader.
    pub(super) steps: u64,
    /// Lines of all files up to the end of the stretch, unless it ends within one.
    pub(super) lines: u64,
    /// Bytes of all files up to the end of the stretch, unpacked.
    pub(super) bytes: u64,
    /// Whether steps of an earlier run were passed.
    pub(super) is_passed: bool,
}

/// What judging needs.
pub(super) struct Judge {
    pub(super) prepared: Arc<Prepared>,
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
    /// Steps that an earlier run has settled.
    pub(super) pass: u64,
}

impl Judge {
    /// Reads and judges all files; ends early when nobody takes the batches any more.
    pub(super) fn run(self, batches: &Sender<Batch>) -> anyhow::Result<()> {
        let mut left_to_pass = self.pass;
        let (mut bytes_before, mut lines_before) = (0, 0);
        for (file, input) in self.prepared.inputs.iter().enumerate() {
            let mut reader = Reader::open(self.prepared.format, input)?;
            loop {
                let mut batch = Batch {
                    file,
                    ..Batch::default()
                };
                let is_last = if left_to_pass > 0 {
                    !pass(&mut reader, &mut left_to_pass, &mut batch)?
                } else {
                    !self.fill(&mut reader, input, &mut batch)?
                };
                batch.bytes = bytes_before + reader.position();
                batch.lines = lines_before + reader.lines();
                if batches.blocking_send(batch).is_err() {
                    return Ok(());
                }
                if is_last {
                    break;
                }
            }
            bytes_before += reader.position();
            lines_before += reader.lines();
        }
        Ok(())
    }

    /// Fills a batch. Returns false at the end of the file.
    fn fill(
        &self,
        reader: &mut Reader<'_>,
        input: &Input,
        batch: &mut Batch,
    ) -> anyhow::Result<bool> {
        while batch.items.len() < BATCH_EVENTS && batch.steps < BATCH_STEPS {
            let Some(given) = reader.next()? else {
                return Ok(false);
            };
            batch.steps += 1;
            match given.what {
                What::Skipped(reason) => batch.skipped.push(reason),
                _ => batch.items.push(self.judge(given, input)),
            }
        }
        Ok(true)
    }

    fn judge(&self, given: Given, input: &Input) -> Item {
        let receipt = validate::Receipt {
            received_at: self.clock.now(),
            sent_at: None,
            kind: None,
            entropy: &self.entropy,
        };
        let line = given.line;
        let (judged, fault) = match given.what {
            What::Event(event) => (validate::judge_value(event, &receipt), None),
            What::Text(text, id) => (validate::judge_imported(&text, &id, &receipt), None),
            // Rows that are left out are counted before anything is judged.
            What::Skipped(reason) => (validate::judge_value(reason.into(), &receipt), None),
            What::Fault(fault) => {
                let rejection = Rejection {
                    code: fault.code,
                    detail: String::new(),
                    pointer: "",
                    message_id: None,
                    name: None,
                    payload: validate::redacted(fault.value.as_deref().unwrap_or_default()),
                    form: Form::Tracking,
                    is_noted: true,
                    routed_kind: None,
                    sent_at: None,
                    received_at: receipt.received_at,
                };
                (Judged::Rejected(Box::new(rejection)), Some(fault))
            }
        };
        named(line, judged, fault, input)
    }
}

/// Passes steps that an earlier run has settled. Returns false at the end of the file.
fn pass(reader: &mut Reader<'_>, left: &mut u64, batch: &mut Batch) -> anyhow::Result<bool> {
    batch.is_passed = true;
    while *left > 0 && batch.steps < BATCH_STEPS {
        if !reader.pass()? {
            return Ok(false);
        }
        *left -= 1;
        batch.steps += 1;
    }
    Ok(true)
}

/// Says in which file and line a refused event stands, to whoever reads of it.
fn named(line: u64, judged: Judged, fault: Option<Fault>, input: &Input) -> Item {
    let Judged::Rejected(mut rejection) = judged else {
        return Item {
            line,
            judged,
            fault: None,
            is_counted: false,
        };
    };
    let mut fault = fault.unwrap_or_else(|| {
        let column = input
            .plan
            .as_ref()
            .and_then(|plan| plan.column_of(rejection.pointer));
        Fault::of(&rejection, line, column.map(str::to_owned))
    });
    fault.file = input.source.name.as_str().into();
    rejection.detail = match &fault.column {
        Some(column) => format!("{}, line {line}, {column}: {}", fault.file, fault.why),
        None => format!("{}, line {line}: {}", fault.file, fault.why),
    };
    Item {
        line,
        judged: Judged::Rejected(rejection),
        fault: Some(fault),
        is_counted: false,
    }
}
