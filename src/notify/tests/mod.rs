//! Each service as its documentation says, and notices in virtual time.
