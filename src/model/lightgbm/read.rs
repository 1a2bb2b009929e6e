//! From the text to a model.

use std::{path::Path, str::FromStr};

use crate::{
    error::{Error, Result, suggest},
    model::{Link, Missing, Split, Statistics, Tree, TreeModel},
};

/// The most leaves a tree may have, and features a model: what a node of 16 bytes can name.
const MOST_LEAVES: usize = 1 << 15;
const MOST_FEATURES: usize = 1 << 16;
/// Objectives whose prediction is the score itself.
const PLAIN: [&str; 9] = ["regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg", "custom"];

/// Reads a model from a file.
///
/// # Errors
/// As [`parse`], and where the file cannot be read.
pub fn read(path: &Path) -> Result<TreeModel> {
    let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::absent(path),
        std::io::ErrorKind::InvalidData => Error::data(path, "is not text; a LightGBM model saved by save_model is expected"),
        _ => Error::io(path, "cannot read", source),
    })?;
    parse(&text, path)
}

/// Reads a model from its text; `path` is for messages.
///
/// # Errors
/// [`Error::Data`] naming line and key for what is missing, cut off, out of range or not a number, and for what is not supported:
/// categorical splits (with the feature's name) and linear trees.
pub fn parse(text: &str, path: &Path) -> Result<TreeModel> {
    let mut lines = Lines { path, lines: (1..).zip(text.lines()) };
    if lines.next().is_none_or(|(_, line)| line != "tree") {
        return Err(Error::data(path, "does not begin with 'tree'; a LightGBM model saved by save_model is expected"));
    }
    let (header, mut more) = lines.block()?;
    let version = header.text("version")?;
    if !["v2", "v3", "v4"].contains(&version) {
        return Err(header.wrong("version", format!("'{version}' is not one of v2, v3, v4, which can be read")));
    }
    let scores: usize = header.number("num_tree_per_iteration")?;
    let features: Vec<String> = header.text("feature_names")?.split_whitespace().map(str::to_owned).collect();
    let last: usize = header.number("max_feature_idx")?;
    if features.len() != last.saturating_add(1) || features.len() > MOST_FEATURES {
        return Err(header.wrong("feature_names", format!("{} names where max_feature_idx says {last}", features.len())));
    }
    let (link, is_average) = (link(&header)?, header.has("average_output"));
    if scores == 0 {
        return Err(header.wrong("num_tree_per_iteration", "0 scores leave nothing to predict".to_owned()));
    }
    let feature_infos = header.text("feature_infos").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let mut trees = Vec::new();
    while let Some(number) = more {
        if number != trees.len().to_string() {
            return Err(Error::data(path, format!("'Tree={number}' stands where 'Tree={}' is due: the file is damaged", trees.len())));
        }
        let (block, next) = lines.block()?;
        trees.push(tree(&block, trees.len(), &features)?);
        more = next;
    }
    if !trees.len().is_multiple_of(scores) {
        return Err(Error::data(path, format!("{} trees do not fill iterations of {scores}: the file is cut off", trees.len())));
    }
    Ok(TreeModel { features, feature_infos, scores, link, is_average, trees })
}

struct Lines<'a, I> {
    path: &'a Path,
    lines: I,
}

/// `key=value` lines that belong together.
struct Block<'a> {
    path: &'a Path,
    line: u64,
    entries: Vec<(u64, &'a str, &'a str)>,
}

impl<'a, I: Iterator<Item = (u64, &'a str)>> Lines<'a, I> {
    fn next(&mut self) -> Option<(u64, &'a str)> {
        self.lines.next()
    }

    /// The entries up to the next tree, and its number; `None` at the end of the trees.
    fn block(&mut self) -> Result<(Block<'a>, Option<&'a str>)> {
        let mut block = Block { path: self.path, line: 0, entries: Vec::new() };
        for (line, text) in self.lines.by_ref() {
            block.line = line;
            if text.trim_end() == "end of trees" {
                return Ok((block, None));
            }
            match text.trim_end().split_once('=') {
                Some(("Tree", number)) => return Ok((block, Some(number))),
                Some((key, value)) => block.entries.push((line, key, value)),
                None if text.trim().is_empty() => {}
                None => block.entries.push((line, text.trim(), "")),
            }
        }
        Err(Error::data(self.path, "ends before 'end of trees': the file is cut off; save the model again"))
    }
}

impl<'a> Block<'a> {
    fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(_, name, _)| *name == key)
    }

    fn text(&self, key: &str) -> Result<&'a str> {
        let entry = self.entries.iter().find(|(_, name, _)| *name == key);
        entry
            .map(|(_, _, value)| *value)
            .ok_or_else(|| self.wrong(key, "is missing; the file is damaged or not a LightGBM model".to_owned()))
    }

    fn wrong(&self, key: &str, problem: String) -> Error {
        let line = self.entries.iter().find(|(_, name, _)| *name == key).map_or(self.line, |(line, ..)| *line);
        Error::Data { path: self.path.to_owned(), row: Some(line), column: Some(key.to_owned()), problem }
    }

    fn number<T: FromStr>(&self, key: &str) -> Result<T> {
        let text = self.text(key)?;
        text.trim().parse().map_err(|_| self.wrong(key, format!("'{text}' is not a number that may stand here")))
    }

    /// As many numbers as `count`.
    fn numbers<T: FromStr>(&self, key: &str, count: usize) -> Result<Vec<T>> {
        let parse = |cell: &str| cell.parse().map_err(|_| self.wrong(key, format!("'{cell}' is not a number that may stand here")));
        let numbers: Vec<T> = self.text(key)?.split_whitespace().map(parse).collect::<Result<_>>()?;
        if numbers.len() == count {
            return Ok(numbers);
        }
        Err(self.wrong(key, format!("{} values where the tree's size asks for {count}: the file is damaged", numbers.len())))
    }

    /// As [`Block::numbers`], or none where the file has none.
    fn known<T: FromStr>(&self, key: &str, count: usize) -> Result<Vec<T>> {
        match self.text(key) {
            Ok(text) if !text.trim().is_empty() => self.numbers(key, count),
            _ => Ok(Vec::new()),
        }
    }
}

/// What the objective makes of a score. A model without one was trained on a loss of the user's own, and predicts its score.
fn link(header: &Block<'_>) -> Result<Link> {
    let Ok(text) = header.text("objective") else { return Ok(Link::Identity) };
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or("custom");
    let steepness = words.clone().find_map(|word| word.strip_prefix("sigmoid:")).unwrap_or("1");
    let steepness = steepness.parse().map_err(|_| header.wrong("objective", format!("'{steepness}' is not a number")))?;
    let is_squared = words.any(|word| word == "sqrt");
    Ok(match name {
        "binary" | "multiclassova" => Link::Sigmoid { steepness },
        "cross_entropy" => Link::Sigmoid { steepness: 1.0 },
        "multiclass" => Link::Softmax,
        "cross_entropy_lambda" => Link::Softplus,
        "poisson" | "gamma" | "tweedie" => Link::Exponential,
        _ if PLAIN.contains(&name) => {
            if is_squared {
                Link::SignedSquare
            } else {
                Link::Identity
            }
        }
        _ => {
            let other = ["binary", "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda", "poisson", "gamma", "tweedie"];
            let known = other.into_iter().chain(PLAIN);
            return Err(header.wrong("objective", format!("unknown objective '{name}'{}", suggest(name, known))));
        }
    })
}

fn tree(block: &Block<'_>, number: usize, features: &[String]) -> Result<Tree> {
    let leaves: usize = block.number("num_leaves")?;
    if leaves == 0 || leaves > MOST_LEAVES {
        return Err(block.wrong("num_leaves", format!("{leaves} leaves; 1 to {MOST_LEAVES} can be read")));
    }
    if block.text("is_linear").is_ok_and(|text| text.trim() == "1") {
        return Err(
            block.wrong("is_linear", format!("tree {number} has linear leaves, which are not supported; train with linear_tree=false"))
        );
    }
    let leaf_value = block.numbers("leaf_value", leaves)?;
    let count = leaves - 1;
    let splits = if count == 0 { Vec::new() } else { splits(block, (number, count), features)? };
    Ok(Tree {
        splits,
        leaves: leaf_value,
        shrinkage: if block.has("shrinkage") { block.number("shrinkage")? } else { 1.0 },
        statistics: Statistics {
            gain: block.known("split_gain", count)?,
            split_value: block.known("internal_value", count)?,
            split_weight: block.known("internal_weight", count)?,
            split_count: block.known("internal_count", count)?,
            leaf_weight: block.known("leaf_weight", leaves)?,
            leaf_count: block.known("leaf_count", leaves)?,
        },
    })
}

fn splits(block: &Block<'_>, (number, count): (usize, usize), features: &[String]) -> Result<Vec<Split>> {
    let feature: Vec<usize> = block.numbers("split_feature", count)?;
    let threshold: Vec<f64> = block.numbers("threshold", count)?;
    let decision: Vec<u8> = block.numbers("decision_type", count)?;
    let left: Vec<i32> = block.numbers("left_child", count)?;
    let right: Vec<i32> = block.numbers("right_child", count)?;
    let mut met = vec![false; 2 * count + 1];
    let mut splits = Vec::with_capacity(count);
    for i in 0..count {
        let Some(name) = features.get(feature[i]) else {
            return Err(block.wrong("split_feature", format!("{} where the model has {} features", feature[i], features.len())));
        };
        if decision[i] & 1 != 0 {
            let problem = format!("tree {number} splits '{name}' by category, which is not supported; train with it as a number");
            return Err(block.wrong("decision_type", problem));
        }
        let missing = match decision[i] >> 2 & 3 {
            0 => Missing::None,
            1 => Missing::Zero,
            2 => Missing::Nan,
            _ => return Err(block.wrong("decision_type", format!("{} is not a kind of split", decision[i]))),
        };
        for (key, child) in [("left_child", left[i]), ("right_child", right[i])] {
            // Children after their parent, each met once: no walk can go round in circles.
            let index = usize::try_from(child).unwrap_or_else(|_| count + (-1 - child).unsigned_abs() as usize);
            let is_sound = index < met.len() && !met[index] && (child < 0 || index > i && index < count);
            if !is_sound {
                return Err(block.wrong(key, format!("{child} does not lead to a node of its own: the file is damaged")));
            }
            met[index] = true;
        }
        let default_left = decision[i] & 2 != 0;
        splits.push(Split { feature: feature[i], threshold: threshold[i], missing, default_left, left: left[i], right: right[i] });
    }
    Ok(splits)
}
