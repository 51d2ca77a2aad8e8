//! Closed sets that other crates of this family declare.

/// Makes an enum with `ALL` and `as_str` a closed set of label values.
macro_rules! closed_label {
    ($ty:ty) => {
        #[diagnostic::do_not_recommend]
        impl $crate::LabelValue for $ty {
            const VALUES: &'static [&'static str] = &{
                let mut values = [""; <$ty>::ALL.len()];
                let mut i = 0;
                while i < values.len() {
                    values[i] = <$ty>::ALL[i].as_str();
                    i += 1;
                }
                values
            };

            #[inline]
            fn index(self) -> usize {
                // `ALL` lists the variants in declared order; a test per type holds that.
                self as usize
            }

            fn from_index(index: usize) -> Self {
                Self::ALL[index]
            }
        }
    };
}

pub(crate) use closed_label;
