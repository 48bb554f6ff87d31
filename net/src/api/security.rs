//! What there is to say where nobody is authenticated or authorised: ACLs are switched off, as in Kafka without an
//! authorizer, no user has SCRAM credentials, and SASL is refused, as on a plaintext listener of Kafka.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::wire::messages::alter_user_scram_credentials_request::AlterUserScramCredentialsRequest;
use headwater_core::wire::messages::alter_user_scram_credentials_response::{
    AlterUserScramCredentialsResponse, AlterUserScramCredentialsResult,
};
use headwater_core::wire::messages::create_acls_request::CreateAclsRequest;
use headwater_core::wire::messages::create_acls_response::{AclCreationResult, CreateAclsResponse};
use headwater_core::wire::messages::delete_acls_request::DeleteAclsRequest;
use headwater_core::wire::messages::delete_acls_response::{DeleteAclsFilterResult, DeleteAclsResponse};
use headwater_core::wire::messages::describe_acls_request::DescribeAclsRequest;
use headwater_core::wire::messages::describe_acls_response::DescribeAclsResponse;
use headwater_core::wire::messages::describe_user_scram_credentials_request::DescribeUserScramCredentialsRequest;
use headwater_core::wire::messages::describe_user_scram_credentials_response::{
    DescribeUserScramCredentialsResponse, DescribeUserScramCredentialsResult,
};
use headwater_core::wire::messages::sasl_authenticate_request::SaslAuthenticateRequest;
use headwater_core::wire::messages::sasl_authenticate_response::SaslAuthenticateResponse;
use headwater_core::wire::messages::sasl_handshake_request::SaslHandshakeRequest;
use headwater_core::wire::messages::sasl_handshake_response::SaslHandshakeResponse;

use super::{Context, Refused};
use crate::conn::replies::Reply;

/// What may be done with a topic, a bit for each of Kafka's `AclOperation`s: READ 3, WRITE 4, CREATE 5, DELETE 6, ALTER 7,
/// DESCRIBE 8, DESCRIBE_CONFIGS 10, ALTER_CONFIGS 11.
pub const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;
/// With a group: READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS.
pub const GROUP_OPERATIONS: i32 = 0b1101_0100_1000;
/// With the cluster: CREATE, ALTER, DESCRIBE, CLUSTER_ACTION 9, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE 12.
pub const CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;

/// All operations for whoever asks what it may do, and otherwise the word for "not asked" (behaviour 66).
pub fn allowed(asked: bool, operations: i32) -> i32 {
    if asked { operations } else { i32::MIN }
}

const NO_AUTHORIZER: Option<Cow<'static, str>> = Some(Cow::Borrowed("No Authorizer is configured."));

/// Refuses to begin SASL: the listener has none, and whoever believes that it has must hear of it (behaviour 65).
pub async fn sasl_handshake(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let _: SaslHandshakeRequest<'_> = context.decode(&body)?;
    let error_code = ErrorCode::IllegalSaslState.code();
    context.reply(&SaslHandshakeResponse { error_code, ..Default::default() })
}

/// Looks at no credentials, right or wrong.
pub async fn sasl_authenticate(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let _: SaslAuthenticateRequest<'_> = context.decode(&body)?;
    context.reply(&SaslAuthenticateResponse {
        error_code: ErrorCode::IllegalSaslState.code(),
        error_message: Some(Cow::Borrowed("This listener authenticates nobody.")),
        ..Default::default()
    })
}

/// Lists no ACLs.
pub async fn describe_acls(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let _: DescribeAclsRequest<'_> = context.decode(&body)?;
    context.reply(&DescribeAclsResponse {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(Cow::Borrowed("No Authorizer is configured on the broker")),
        ..Default::default()
    })
}

/// Makes none.
pub async fn create_acls(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: CreateAclsRequest<'_> = context.decode(&body)?;
    let error_code = ErrorCode::SecurityDisabled.code();
    let refused = |_| AclCreationResult { error_code, error_message: NO_AUTHORIZER };
    let results = request.creations.iter().map(refused).collect();
    context.reply(&CreateAclsResponse { results, ..Default::default() })
}

/// Deletes none.
pub async fn delete_acls(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DeleteAclsRequest<'_> = context.decode(&body)?;
    let error_code = ErrorCode::SecurityDisabled.code();
    let refused =
        |_| DeleteAclsFilterResult { error_code, error_message: NO_AUTHORIZER, ..Default::default() };
    let filter_results = request.filters.iter().map(refused).collect();
    context.reply(&DeleteAclsResponse { filter_results, ..Default::default() })
}

/// Knows no user.
pub async fn describe_scram(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeUserScramCredentialsRequest<'_> = context.decode(&body)?;
    let asked: Vec<&str> = request.users.iter().flatten().map(|user| &*user.name).collect();
    let mut seen = BTreeSet::new();
    let mut results = Vec::new();
    for user in &asked {
        if !seen.insert(user) {
            continue;
        }
        let (code, message) = if asked.iter().filter(|other| *other == user).count() > 1 {
            let what = "Cannot describe SCRAM credentials for the same user twice in a single request";
            (ErrorCode::DuplicateResource, what)
        } else {
            (ErrorCode::ResourceNotFound, "Attempt to describe a user credential that does not exist")
        };
        results.push(DescribeUserScramCredentialsResult {
            user: Cow::Borrowed(user),
            error_code: code.code(),
            error_message: Some(Cow::Owned(format!("{message}: {user}"))),
            ..Default::default()
        });
    }
    context.reply(&DescribeUserScramCredentialsResponse { results, ..Default::default() })
}

/// Takes no credentials: nobody could use them here.
pub async fn alter_scram(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    /// SCRAM-SHA-256 and SCRAM-SHA-512.
    const MECHANISMS: std::ops::RangeInclusive<i8> = 1..=2;
    let request: AlterUserScramCredentialsRequest<'_> = context.decode(&body)?;
    let deletions = request.deletions.iter().map(|one| (&one.name, one.mechanism, true));
    let upsertions = request.upsertions.iter().map(|one| (&one.name, one.mechanism, false));
    let results = deletions.chain(upsertions).map(|(user, mechanism, deletes)| {
        let (code, message) = match (MECHANISMS.contains(&mechanism), deletes) {
            (false, _) => (ErrorCode::UnsupportedSaslMechanism, "Unknown SCRAM mechanism"),
            (true, true) => {
                (ErrorCode::ResourceNotFound, "Attempt to delete a user credential that does not exist")
            }
            (true, false) => (
                ErrorCode::UnsupportedSaslMechanism,
                "This broker authenticates nobody, so it keeps no credentials",
            ),
        };
        AlterUserScramCredentialsResult {
            user: user.clone(),
            error_code: code.code(),
            error_message: Some(Cow::Borrowed(message)),
        }
    });
    let results = results.collect();
    context.reply(&AlterUserScramCredentialsResponse { results, ..Default::default() })
}
