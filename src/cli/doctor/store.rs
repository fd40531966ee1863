//! What the doctor looks at of the store and its disk.

use std::path::Path;

use super::findings::Findings;
use crate::{
    config::Config,
    domain::counted,
    store::{History, StoreError, in_use},
};

/// Less free space than this is little, in MiB.
const LITTLE: u64 = 500;

pub(super) fn store(config: &Config, findings: &mut Findings) {
    let path = &config.daemon.store;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.exists() {
        look_into(path, findings);
        findings.private("store", path, "it names participants");
    } else {
        let said = format!("{} is not there yet", path.display());
        findings.hint("store", said, "the first `uproctor run` makes it");
    }
    if let Ok(space) = rustix::fs::statvfs(folder) {
        let free = space.f_bavail.saturating_mul(space.f_frsize) / 1_048_576;
        if free < LITTLE {
            let said = format!("{free} MiB are free in {}", folder.display());
            findings.fail("disk", said, "make room: a full disk keeps the daemon from acting");
        } else {
            findings.ok("disk", format!("{} GiB are free in {}", free / 1024, folder.display()));
        }
    }
    if tempfile::Builder::new().prefix(".uproctor-doctor-").tempfile_in(folder).is_err() {
        let said = format!("{} cannot be written by this user", folder.display());
        findings.fail("store", said, "start the daemon, and this command, as the user whose folder it is");
    }
}

fn look_into(path: &Path, findings: &mut Findings) {
    let sizes = match History::open(path).and_then(|history| history.sizes()) {
        Ok(sizes) => sizes,
        Err(error @ StoreError::Older(_)) => {
            findings.hint("store", error.to_string(), "`uproctor backup FILE` makes a copy before that");
            return;
        }
        Err(error) => {
            findings.fail("store", error.to_string(), "");
            return;
        }
    };
    let said = format!(
        "{}: {} MiB, {}, {}",
        path.display(),
        sizes.bytes / 1_048_576,
        counted(sizes.events, "event", "events"),
        counted(sizes.interventions, "intervention", "interventions")
    );
    findings.ok("store", said);
    if sizes.claimed > 0 && !in_use(path) {
        let writes = counted(sizes.claimed, "write was", "writes were");
        let said = format!("{writes} sent, and it is not known what came of it");
        findings.hint("store", said, "the next start finds out what became of them");
    }
}
