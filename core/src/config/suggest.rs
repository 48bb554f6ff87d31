//! The known name that a mistyped one was probably meant to be.

/// The candidate nearest to `name` by edit distance with transpositions, if one is near enough to be a likely slip:
/// a third of its letters at most.
pub fn nearest(name: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let name = name.get(..name.len().min(128)).unwrap_or(name);
    candidates
        .map(|c| (strsim::osa_distance(name, c), c))
        .min()
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len())
        .map(|(_, candidate)| candidate)
}

/// The sentence that offers it.
pub(super) fn hint(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |n| format!("; did you mean {n}?"))
}
