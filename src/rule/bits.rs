//! Conditions over up to 64 rows as the bits of one word, the first row's lowest.

/// Rows in a word.
pub(super) const WORD: usize = 64;

/// The bit of each row, from a table: the compiler then compares several rows at once.
static ROW_BITS: [u64; WORD] = {
    let mut bits = [0; WORD];
    let mut row = 0;
    while row < WORD {
        bits[row] = 1 << row;
        row += 1;
    }
    bits
};

/// The lowest `rows` bits.
pub(super) const fn lowest(rows: usize) -> u64 {
    if rows >= WORD { u64::MAX } else { (1 << rows) - 1 }
}

/// Where a condition on each of `x` holds.
#[inline]
pub(super) fn where_each(x: &[f64], holds: impl Fn(f64) -> bool) -> u64 {
    let bit = |(x, bit): (&f64, &u64)| if holds(*x) { *bit } else { 0 };
    x.iter().zip(&ROW_BITS).map(bit).fold(0, |word, bit| word | bit)
}

/// Where a condition on each pair of `a` and `b` holds; both have one length, up to 64.
#[inline]
pub(super) fn where_both(a: &[f64], b: &[f64], holds: impl Fn(f64, f64) -> bool) -> u64 {
    if let (Ok(a), Ok(b)) = (<&[f64; WORD]>::try_from(a), <&[f64; WORD]>::try_from(b)) {
        let mut word = 0;
        for row in 0..WORD {
            word |= if holds(a[row], b[row]) { ROW_BITS[row] } else { 0 };
        }
        return word;
    }
    a.iter().zip(b).zip(&ROW_BITS).map(|((a, b), bit)| if holds(*a, *b) { *bit } else { 0 }).fold(0, |word, bit| word | bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_stand_in_the_order_of_the_rows() {
        assert_eq!(where_both(&[1.0, 2.0, f64::NAN, 4.0], &[2.0, 1.0, 0.0, 3.0], |a, b| a > b), 0b1010);
        assert_eq!(where_each(&[0.0, 1.0, f64::NAN], |x| x != 0.0), 0b110);
        assert_eq!((lowest(0), lowest(3), lowest(64)), (0, 7, u64::MAX));
    }

    #[test]
    fn a_whole_word_says_what_its_rows_say_one_by_one() {
        let (a, b): (Vec<f64>, Vec<f64>) = (0..64).map(|i| (f64::from(i * 7 % 13), f64::from(i * 5 % 11))).unzip();
        let word = where_both(&a, &b, |a, b| a <= b);
        for row in 0..64 {
            assert_eq!(word >> row & 1 == 1, a[row] <= b[row]);
        }
    }
}
