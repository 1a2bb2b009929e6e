//! From a model to the text.

use std::fmt::{Display, Write};

use crate::model::{Link, Missing, Tree, TreeModel};

/// The model as LightGBM's text, version 4, numbers in the fewest digits that read back the same.
#[must_use]
pub fn to_text(model: &TreeModel) -> String {
    let trees: Vec<String> = (0..).zip(&model.trees).map(|(number, tree)| tree_text(number, tree)).collect();
    let classes = if model.link == Link::Softmax || model.scores > 1 { model.scores } else { 1 };
    let infos = if model.feature_infos.len() == model.features.len() {
        model.feature_infos.join(" ")
    } else {
        vec!["none"; model.features.len()].join(" ")
    };
    let mut text = format!(
        "tree\nversion=v4\nnum_class={classes}\nnum_tree_per_iteration={}\nlabel_index=0\nmax_feature_idx={}\nobjective={}\n",
        model.scores,
        model.features.len().saturating_sub(1),
        objective(model),
    );
    if model.is_average {
        text.push_str("average_output\n");
    }
    let sizes = joined(trees.iter().map(String::len));
    put(&mut text, format_args!("feature_names={}\nfeature_infos={infos}\ntree_sizes={sizes}\n\n", model.features.join(" ")));
    trees.iter().for_each(|tree| text.push_str(tree));
    text.push_str("end of trees\n\nfeature_importances:\n");
    for (name, count) in model.features.iter().zip(model.split_importance()).filter(|(_, count)| *count > 0) {
        put(&mut text, format_args!("{name}={count}\n"));
    }
    text.push_str("\nparameters:\nend of parameters\n\npandas_categorical:null\n");
    text
}

fn objective(model: &TreeModel) -> String {
    match model.link {
        Link::Sigmoid { steepness } if model.scores == 1 => format!("binary sigmoid:{steepness}"),
        Link::Sigmoid { steepness } => format!("multiclassova num_class:{} sigmoid:{steepness}", model.scores),
        Link::Softmax => format!("multiclass num_class:{}", model.scores),
        Link::Exponential => "poisson".to_owned(),
        Link::Softplus => "cross_entropy_lambda".to_owned(),
        Link::SignedSquare => "regression sqrt".to_owned(),
        Link::Identity => "regression".to_owned(),
    }
}

fn tree_text(number: usize, tree: &Tree) -> String {
    let splits = &tree.splits;
    let decision = |missing: Missing, default_left: bool| {
        let kind = match missing {
            Missing::None => 0,
            Missing::Zero => 1,
            Missing::Nan => 2,
        };
        kind << 2 | u8::from(default_left) << 1
    };
    let known = &tree.statistics;
    let lines: [(&str, String); 16] = [
        ("num_leaves", tree.leaves.len().to_string()),
        ("num_cat", "0".to_owned()),
        ("split_feature", joined(splits.iter().map(|s| s.feature))),
        ("split_gain", reals(&known.gain, splits.len())),
        ("threshold", joined(splits.iter().map(|s| real(s.threshold)))),
        ("decision_type", joined(splits.iter().map(|s| decision(s.missing, s.default_left)))),
        ("left_child", joined(splits.iter().map(|s| s.left))),
        ("right_child", joined(splits.iter().map(|s| s.right))),
        ("leaf_value", joined(tree.leaves.iter().map(|v| real(*v)))),
        ("leaf_weight", reals(&known.leaf_weight, tree.leaves.len())),
        ("leaf_count", counts(&known.leaf_count, tree.leaves.len())),
        ("internal_value", reals(&known.split_value, splits.len())),
        ("internal_weight", reals(&known.split_weight, splits.len())),
        ("internal_count", counts(&known.split_count, splits.len())),
        ("is_linear", "0".to_owned()),
        ("shrinkage", real(tree.shrinkage)),
    ];
    let mut text = format!("Tree={number}\n");
    for (key, value) in lines {
        put(&mut text, format_args!("{key}={value}\n"));
    }
    text.push_str("\n\n");
    text
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes all");
}

fn joined<T: Display>(values: impl Iterator<Item = T>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(" ")
}

/// The fewest digits that read back the same, with an exponent where that is shorter.
fn real(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// Zeros where nothing is known: a reader wants as many values as there are nodes.
fn reals(values: &[f64], count: usize) -> String {
    if values.len() == count { joined(values.iter().map(|v| real(*v))) } else { vec!["0"; count].join(" ") }
}

fn counts(values: &[u64], count: usize) -> String {
    if values.len() == count { joined(values.iter()) } else { vec!["0"; count].join(" ") }
}
