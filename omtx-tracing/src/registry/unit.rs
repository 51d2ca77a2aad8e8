//! Units: from the words that Prometheus has in names to the abbreviations of UCUM.

/// Source: OpenTelemetry, "Prometheus and OpenMetrics Compatibility", "Metric Metadata"; `ratio` is the specification's `1`
/// ("Metrics semantic conventions", "Units"). A word that is in neither stays as it is.
pub(super) fn ucum(word: &str) -> &str {
    match word {
        "days" => "d",
        "hours" => "h",
        "minutes" => "min",
        "seconds" => "s",
        "milliseconds" => "ms",
        "microseconds" => "us",
        "nanoseconds" => "ns",
        "bytes" => "By",
        "kibibytes" => "KiBy",
        "mebibytes" => "MiBy",
        "gibibytes" => "GiBy",
        "tebibytes" => "TiBy",
        "kilobytes" => "kBy",
        "megabytes" => "MBy",
        "gigabytes" => "GBy",
        "terabytes" => "TBy",
        "meters" => "m",
        "volts" => "V",
        "amperes" => "A",
        "joules" => "J",
        "watts" => "W",
        "grams" => "g",
        "celsius" => "Cel",
        "hertz" => "Hz",
        "percent" => "%",
        "ratio" => "1",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_abbreviations_and_others_stay() {
        let words = ["seconds", "bytes", "ratio", "celsius", "tokens", ""];
        assert_eq!(words.map(ucum), ["s", "By", "1", "Cel", "tokens", ""]);
    }
}
