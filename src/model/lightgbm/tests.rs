//! Scores against those of Python's lightgbm 4.7.0: `train(..., num_leaves=4, learning_rate=0.1, seed=1, deterministic=True)` on 600 rows of
//! three seeded normal columns with gaps, then `predict(rows, raw_score=True)` and `predict(rows)` printed with `repr`.

use std::path::Path;

use super::{parse, to_text};
use crate::model::{Forest, Missing, TreeModel};

const NAN: f64 = f64::NAN;
/// The rows that were scored.
const ROWS: [[f64; 3]; 6] = [[0.5, -0.2, 1.0], [NAN, 0.0, -0.4], [0.0, NAN, NAN], [-1.5, 2.0, 0.0], [NAN, NAN, NAN], [3.0, 1e-36, -7.0]];

/// A model and what Python said of the rows.
struct Case {
    text: &'static str,
    raw: &'static [&'static [f64]],
    predicted: &'static [&'static [f64]],
}

const BINARY: Case = Case {
    text: "\
tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=2
objective=binary sigmoid:1
feature_names=Column_0 Column_1 Column_2

Tree=0
num_leaves=4
split_feature=0 1 0
threshold=0.15900000000000003 1.0000000180025095e-35 -0.27449999999999991
decision_type=10 10 8
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-0.22447478490630066 0.14641814610867712 -0.16982594735929687 0.17005340296507468
shrinkage=1

Tree=1
num_leaves=4
split_feature=0 1 0
threshold=0.15900000000000003 1.0000000180025095e-35 -0.27449999999999991
decision_type=10 10 8
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-0.17424156479641528 0.16262408107712162 -0.12373090521506334 0.18436196736806823
shrinkage=0.1

Tree=2
num_leaves=4
split_feature=0 1 0
threshold=0.15900000000000003 -0.08649999999999998 -0.36249999999999993
decision_type=10 10 8
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-0.16508829804092384 0.14921761087669824 -0.13181952628525642 0.13339255400918318
shrinkage=0.1

end of trees
",
    raw: &[
        &[0.45825983806249704],
        &[-0.2653237956935328],
        &[-0.5638046477436398],
        &[-0.42537637885961666],
        &[-0.5638046477436398],
        &[0.45825983806249704],
    ],
    predicted: &[
        &[0.6126012802610975],
        &[0.43405545456824457],
        &[0.3626675954903467],
        &[0.3952309483674407],
        &[0.3626675954903467],
        &[0.6126012802610975],
    ],
};

const ZERO: Case = Case {
    text: "\
tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=2
objective=binary sigmoid:1
feature_names=Column_0 Column_1 Column_2

Tree=0
num_leaves=4
split_feature=0 1 0
threshold=0.15900000000000003 1.0000000180025095e-35 -0.27449999999999991
decision_type=6 6 4
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-0.22447478490630066 0.14641814610867712 -0.16982594735929687 0.17005340296507468
shrinkage=1

Tree=1
num_leaves=4
split_feature=0 1 0
threshold=0.15900000000000003 1.0000000180025095e-35 -0.27449999999999991
decision_type=6 6 4
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-0.17424156479641528 0.16262408107712162 -0.12373090521506334 0.18436196736806823
shrinkage=0.1

end of trees
",
    raw: &[
        &[0.30904222718579877],
        &[-0.39871634970271597],
        &[-0.39871634970271597],
        &[-0.2935568525743602],
        &[-0.39871634970271597],
        &[0.30904222718579877],
    ],
    predicted: &[
        &[0.5766514624537423],
        &[0.4016207896974495],
        &[0.4016207896974495],
        &[0.4271333145165991],
        &[0.4016207896974495],
        &[0.5766514624537423],
    ],
};

const MULTI: Case = Case {
    text: "\
tree
version=v4
num_class=3
num_tree_per_iteration=3
max_feature_idx=2
objective=multiclass num_class:3
feature_names=Column_0 Column_1 Column_2

Tree=0
num_leaves=4
split_feature=0 1 0
threshold=-0.50049999999999983 -1.0094999999999998 0.34350000000000008
decision_type=8 8 10
left_child=-1 2 -2
right_child=1 -3 -4
leaf_value=-1.0457220865520438 -1.0083618546440158 -1.3116438462670263 -1.3084155767791423
shrinkage=1

Tree=1
num_leaves=4
split_feature=0 0 1
threshold=0.60450000000000015 -0.58699999999999986 -1.0094999999999998
decision_type=10 8 8
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-0.96422351624423319 -0.96746892702932352 -0.96440790704706481 -0.78771658515751464
shrinkage=1

Tree=2
num_leaves=4
split_feature=0 1 0
threshold=0.50250000000000006 1.0045000000000002 -0.34899999999999992
decision_type=10 10 8
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-1.3098116328210301 -1.0484999781972792 -1.3207852826386588 -1.0336313966141708
shrinkage=1

Tree=3
num_leaves=4
split_feature=0 1 0
threshold=-0.50049999999999983 -1.0094999999999998 0.34350000000000008
decision_type=8 8 10
left_child=-1 2 -2
right_child=1 -3 -4
leaf_value=0.14836316456545981 0.1773690800103484 -0.081411560929640914 -0.078610131608995992
shrinkage=0.1

Tree=4
num_leaves=4
split_feature=0 0 1
threshold=0.60450000000000015 -0.58699999999999986 -1.0094999999999998
decision_type=10 8 8
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-0.073744946878377321 -0.076998810061899181 -0.073382420691536526 0.083940899124516952
shrinkage=0.1

Tree=5
num_leaves=4
split_feature=0 1 0
threshold=0.32700000000000007 1.0045000000000002 -0.34899999999999992
decision_type=10 10 8
left_child=1 -1 -3
right_child=-2 2 -4
leaf_value=-0.089343526019032241 0.12776265707668893 -0.090776502446873811 0.16303808726228153
shrinkage=0.1

end of trees
",
    raw: &[
        &[-1.3930554071966672, -0.7037756860329977, -1.182048975744341],
        &[-1.3930554071966672, -0.7037756860329977, -1.3991551588400624],
        &[-1.3930554071966672, -0.7037756860329977, -1.3991551588400624],
        &[-0.897358921986584, -1.0379684631226105, -1.4115617850855326],
        &[-1.3930554071966672, -0.7037756860329977, -1.3991551588400624],
        &[-1.3930554071966672, -1.0444677370912228, -0.9207373211205903],
    ],
    predicted: &[
        &[0.23656319197464565, 0.4713001206459682, 0.29213668737938614],
        &[0.25086555935350224, 0.49979444140192303, 0.24933999924457476],
        &[0.25086555935350224, 0.49979444140192303, 0.24933999924457476],
        &[0.40538257882697026, 0.35220793272396844, 0.24240948844906124],
        &[0.25086555935350224, 0.49979444140192303, 0.24933999924457476],
        &[0.24870844514981638, 0.3524359760450258, 0.39885557880515776],
    ],
};

const FOREST: Case = Case {
    text: "\
tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=2
objective=regression
average_output
feature_names=Column_0 Column_1 Column_2

Tree=0
num_leaves=4
split_feature=0 0 0
threshold=0.28650000000000003 -0.7569999999999999 1.3695000000000002
decision_type=10 8 10
left_child=1 -1 -2
right_child=2 -3 -4
leaf_value=-1.37857052637288 0.70385088008338292 -0.17518813929843791 1.703985684964185
shrinkage=1

Tree=1
num_leaves=4
split_feature=0 0 0
threshold=-0.036999999999999998 0.70100000000000007 -0.8879999999999999
decision_type=8 10 10
left_child=2 -2 -1
right_child=1 -3 -4
leaf_value=-1.4296688398668438 0.18855263413332421 1.2262391240537112 -0.43098514021239043
shrinkage=1

Tree=2
num_leaves=4
split_feature=0 0 0
threshold=0.22050000000000003 -0.7569999999999999 1.2655000000000001
decision_type=10 8 10
left_child=1 -1 -2
right_child=2 -3 -4
leaf_value=-1.3872797683364757 0.65322608996331155 -0.20187233555246251 1.7083928302600093
shrinkage=1

end of trees
",
    raw: &[
        &[1.5456296041800188],
        &[-0.1885078407175762],
        &[-0.1885078407175762],
        &[-4.1955191345762],
        &[-0.1885078407175762],
        &[4.638617639277905],
    ],
    predicted: &[
        &[0.5152098680600062],
        &[-0.06283594690585874],
        &[-0.06283594690585874],
        &[-1.3985063781920666],
        &[-0.06283594690585874],
        &[1.5462058797593017],
    ],
};

fn model(text: &str) -> TreeModel {
    parse(text, Path::new("model.txt")).expect("sound")
}

fn refusal(text: &str) -> String {
    parse(text, Path::new("model.txt")).expect_err("refused").to_string()
}

fn assert_scores(model: &TreeModel, case: &Case) {
    let forest = Forest::new(model);
    let (mut raw, mut predicted) = (vec![0.0; model.scores], vec![0.0; model.scores]);
    for (n, row) in ROWS.iter().enumerate() {
        forest.raw(row, &mut raw);
        forest.predict(row, &mut predicted);
        assert_eq!(raw, case.raw[n], "raw scores of row {n}");
        for (ours, theirs) in predicted.iter().zip(case.predicted[n]) {
            assert!((ours - theirs).abs() <= 1e-15 * theirs.abs().max(1.0), "row {n}: {ours} is not {theirs}");
        }
    }
}

#[test]
fn scores_are_lightgbms_to_the_last_bit() {
    for case in [BINARY, ZERO, MULTI, FOREST] {
        assert_scores(&model(case.text), &case);
    }
}

#[test]
fn a_written_model_reads_back_the_same() {
    for case in [BINARY, ZERO, MULTI, FOREST] {
        let first = model(case.text);
        let text = to_text(&first);
        let mut second = model(&text);
        assert_scores(&second, &case);
        // What the file did not tell is written as nothing, and zeros.
        second.feature_infos.clear();
        for tree in &mut second.trees {
            tree.statistics = crate::model::Statistics::default();
        }
        assert_eq!(second, first);
        // Each size is that of the tree's text, by which LightGBM finds the next.
        let sizes = text.lines().find_map(|line| line.strip_prefix("tree_sizes=")).unwrap();
        let mut rest = &text[text.find("Tree=0").unwrap()..];
        for size in sizes.split(' ').map(|size| size.parse::<usize>().unwrap()) {
            assert!(rest.starts_with("Tree="));
            rest = &rest[size..];
        }
        assert!(rest.starts_with("end of trees"));
    }
}

#[test]
fn kinds_of_missing_values_are_told_apart() {
    // decision_type 10 = 2·4 + 2: NaN is missing and goes left; 6 = 1·4 + 2: zeros are; 8 = 2·4: NaN is missing and goes right.
    let split = model(BINARY.text).trees[0].splits[0];
    assert_eq!((split.missing, split.default_left), (Missing::Nan, true));
    let split = model(ZERO.text).trees[0].splits[0];
    assert_eq!((split.missing, split.default_left), (Missing::Zero, true));
    let split = model(BINARY.text).trees[0].splits[2];
    assert_eq!((split.missing, split.default_left), (Missing::Nan, false));
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let categorical = BINARY.text.replacen("decision_type=10", "decision_type=1", 1);
    assert_eq!(
        refusal(&categorical),
        "model.txt, row 13, column decision_type: tree 0 splits 'Column_0' by category, which is not supported; train with it as a number"
    );
    let linear = BINARY.text.replacen("num_leaves=4\n", "num_leaves=4\nis_linear=1\n", 1);
    assert!(refusal(&linear).contains("tree 0 has linear leaves"), "{}", refusal(&linear));
    let objective = BINARY.text.replacen("objective=binary", "objective=binry", 1);
    assert!(refusal(&objective).contains("unknown objective 'binry'; did you mean 'binary'?"), "{}", refusal(&objective));
}

#[test]
fn damage_is_named_by_line_and_key() {
    let damaged = |from: &str, to: &str| refusal(&BINARY.text.replacen(from, to, 1));
    let cases = [
        ("tree\n", "forest\n", "does not begin with 'tree'"),
        ("version=v4", "version=v9", "'v9' is not one of v2, v3, v4"),
        ("max_feature_idx=2", "max_feature_idx=3", "3 names where max_feature_idx says 3"),
        ("num_leaves=4", "num_leaves=5", "leaf_value: 4 values where the tree's size asks for 5"),
        ("split_feature=0", "split_feature=7", "7 where the model has 3 features"),
        ("threshold=0.159", "threshold=o.159", "row 12, column threshold: 'o.15900000000000003' is not a number"),
        ("left_child=1", "left_child=0", "left_child: 0 does not lead to a node of its own"),
        ("right_child=-2 2 -4", "right_child=-2 2 -3", "right_child: -3 does not lead to a node of its own"),
        ("Tree=1", "Tree=2", "'Tree=2' stands where 'Tree=1' is due"),
        ("end of trees", "", "the file is cut off"),
    ];
    for (from, to, words) in cases {
        assert!(damaged(from, to).contains(words), "{from} -> {to}: {}", damaged(from, to));
    }
    let cut = MULTI.text.replacen("Tree=5", "end of trees\nTree=5", 1);
    assert!(refusal(&cut).contains("5 trees do not fill iterations of 3"), "{}", refusal(&cut));
}

#[test]
fn no_cut_of_a_file_is_more_than_an_error() {
    for end in 0..MULTI.text.len() - "end of trees\n".len() {
        assert!(parse(&MULTI.text[..end], Path::new("model.txt")).is_err(), "cut at {end}");
    }
}
