//! DeleteTopics, by name or by id.

use std::collections::BTreeMap;

use headwater_core::ErrorCode;
use headwater_core::ids::TopicId;

use super::controller::{Controller, Refusal};
use super::records::Record;

/// A topic as DeleteTopics names it: by name or by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSelector {
    /// The name.
    pub name: Option<String>,
    /// The id.
    pub id: Option<TopicId>,
}

/// What became of one topic of DeleteTopics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedTopic {
    /// Its name, where it is known.
    pub name: Option<String>,
    /// Its id, where it is known.
    pub id: Option<TopicId>,
    /// What became of it.
    pub result: Result<(), Refusal>,
}

impl Controller {
    /// DeleteTopics, by name or id. Answers in the order of the request, one for each that is named several times.
    pub fn on_delete_topics(
        &mut self,
        topics: Vec<TopicSelector>,
        out: &mut Vec<Record>,
    ) -> Vec<DeletedTopic> {
        let refuse = |code, message: &str| Err(Refusal::new(code, message));
        let mut named: BTreeMap<(Option<String>, Option<TopicId>), usize> = BTreeMap::new();
        for t in &topics {
            *named.entry((t.name.clone(), t.id)).or_default() += 1;
        }
        let mut answers = Vec::with_capacity(topics.len());
        for TopicSelector { name, id } in topics {
            let count = named.get_mut(&(name.clone(), id)).map_or(0, std::mem::take);
            let result = match (count, &name, id) {
                (0, ..) => continue,
                (_, Some(_), Some(_)) => {
                    refuse(ErrorCode::InvalidRequest, "You may not specify both topic name and topic id.")
                }
                (_, None, None) => {
                    refuse(ErrorCode::InvalidRequest, "Neither topic name nor id were specified.")
                }
                (2.., Some(_), _) => refuse(ErrorCode::InvalidRequest, "Duplicate topic name."),
                (2.., _, Some(_)) => refuse(ErrorCode::InvalidRequest, "Duplicate topic id."),
                (_, Some(name), None) => match self.image.topic(name).map(|t| t.id) {
                    // Whether that was meant is anyone's guess, so neither of the two deletes it, as in Kafka.
                    Some(id) if named.contains_key(&(None, Some(id))) => refuse(
                        ErrorCode::InvalidRequest,
                        "The provided topic name maps to an ID that was already supplied.",
                    ),
                    Some(id) => self.delete(id, out),
                    None => {
                        refuse(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic.")
                    }
                },
                (_, None, Some(id)) => {
                    let known = self.image.topic_by_id(id).map(|t| t.name.get().to_string());
                    let result = match &known {
                        Some(name) if named.contains_key(&(Some(name.clone()), None)) => {
                            refuse(ErrorCode::InvalidRequest, "The topic was also named, by its name.")
                        }
                        Some(_) => self.delete(id, out),
                        None => refuse(ErrorCode::UnknownTopicId, "This server does not host this topic id."),
                    };
                    answers.push(DeletedTopic { name: known, id: Some(id), result });
                    continue;
                }
            };
            answers.push(DeletedTopic { name, id, result });
        }
        answers
    }

    fn delete(&mut self, topic: TopicId, out: &mut Vec<Record>) -> Result<(), Refusal> {
        if !self.config.delete_topics {
            return Err(Refusal::new(ErrorCode::TopicDeletionDisabled, "delete.topic.enable is false"));
        }
        self.decide(Record::TopicDeleted { topic }, out);
        Ok(())
    }
}
