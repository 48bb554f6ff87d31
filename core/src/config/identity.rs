//! `meta.properties`: who a data folder belongs to.
//!
//! ```text
//! # Headwater data folder. Do not edit.
//! version=1
//! cluster.id=MkU3OEVBNTcwNTJENDM2Qg
//! node.id=1
//! ```
//!
//! A version or a key that is not known stops the start: an older program must not touch a newer folder.

use super::error::ConfigError;
use super::properties;
use crate::ids::NodeId;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterMeta {
    /// The cluster's id: 22 characters of the base64 URL alphabet, as Kafka's.
    pub cluster_id: String,
    /// The broker whose data this is.
    pub node_id: NodeId,
    /// The layout of the folder.
    pub version: u32,
}

impl ClusterMeta {
    /// The name of the file, in the data folder.
    pub const FILE: &str = "meta.properties";
    /// The layout this program writes, and the only one it reads.
    pub const VERSION: u32 = 1;

    /// Who a fresh folder belongs to.
    pub fn new(cluster_id: impl Into<String>, node_id: NodeId) -> Self {
        Self { cluster_id: cluster_id.into(), node_id, version: Self::VERSION }
    }

    /// The id of a new cluster from 16 random bytes.
    pub fn cluster_id(random: [u8; 16]) -> String {
        crate::ids::TopicId::new(random).to_string()
    }

    /// The text of the file.
    pub fn encode(&self) -> String {
        format!(
            "# Headwater data folder. Do not edit.\nversion={}\ncluster.id={}\nnode.id={}\n",
            self.version, self.cluster_id, self.node_id
        )
    }

    /// Reads the text of a file called `origin`.
    pub fn decode(origin: &str, text: &str) -> Result<Self, ConfigError> {
        let fault = |reason: String| ConfigError::Syntax { origin: origin.into(), reason };
        let (mut version, mut cluster_id, mut node_id) = (None, None, None);
        for (_, key, value) in properties::parse(origin, text)? {
            match key.as_str() {
                "version" => version = Some(value),
                "cluster.id" => cluster_id = Some(value),
                "node.id" => node_id = Some(value),
                _ => return Err(fault(format!("unknown key {key}: written by a newer version?"))),
            }
        }
        let missing = |key: &str| fault(format!("{key} is missing"));
        let version = version.ok_or_else(|| missing("version"))?;
        if version != Self::VERSION.to_string() {
            return Err(fault(format!(
                "folder layout {version} is not {}, the one this version of headwater reads; use the version that \
                 wrote it",
                Self::VERSION
            )));
        }
        let cluster_id = cluster_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("cluster.id"))?;
        let node_id = node_id.ok_or_else(|| missing("node.id"))?;
        let node_id = node_id.parse().ok().filter(|id| *id >= 0);
        let node_id = node_id.ok_or_else(|| fault("node.id is not a number from 0".into()))?;
        Ok(Self { cluster_id, node_id: NodeId::new(node_id), version: Self::VERSION })
    }
}
