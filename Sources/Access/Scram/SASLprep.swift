/// Names and passwords as SCRAM wants them, RFC 4013.
///
/// SASLprep normalises to Unicode form KC, for which the standard library has no table and the library
/// that has one is larger than the broker. So this takes only texts that normalisation leaves as they
/// are (whatever a keyboard gives, composed) and refuses others, rather than computing a key that no
/// other implementation would compute.
package enum SASLprep {
    package enum Flaw: String, Error, Sendable {
        case empty = "at least one character"
        case forbidden = "no control, private-use or unassigned characters (RFC 4013, 2.3)"
        case changes = "characters that Unicode normalisation form KC leaves as they are"
    }

    package static func prepare(_ text: String) throws(Flaw) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                // C.2.1: control characters.
                guard scalar.value >= 0x20, scalar.value != 0x7f else { throw .forbidden }
                result.append(scalar)
                continue
            }
            switch scalar.properties.generalCategory {
            case .spaceSeparator:
                // 2.1: non-ASCII spaces become U+0020.
                result.append(" ")
            case .control, .privateUse, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator:
                throw .forbidden
            case .format where scalar == "\u{ad}":
                // 2.1: commonly mapped to nothing; others of the kind are refused below.
                continue
            case .uppercaseLetter, .lowercaseLetter, .otherLetter, .decimalNumber, .currencySymbol,
                .mathSymbol, .otherSymbol, .otherPunctuation, .dashPunctuation, .openPunctuation,
                .closePunctuation, .initialPunctuation, .finalPunctuation, .connectorPunctuation:
                guard isStable(scalar) else { throw .changes }
                result.append(scalar)
            default:
                // Marks may combine with what stands before them.
                throw .changes
            }
        }
        if result.isEmpty { throw .empty }
        return String(result)
    }

    /// Whether form KC leaves `scalar` alone, whatever stands beside it.
    ///
    /// The standard library knows what changes under form KC with case folding. A capital letter does, so
    /// it is judged by its small one, provided that the two map to each other: the Kelvin sign's small
    /// letter is k, whose capital letter is not the Kelvin sign.
    private static func isStable(_ scalar: Unicode.Scalar) -> Bool {
        // Hangul jamo combine to syllables although they are no marks.
        if (0x1100...0x11ff).contains(scalar.value) { return false }
        if !scalar.properties.changesWhenNFKCCaseFolded { return true }
        // Small letters that only case folding changes: sharp s and final sigma.
        if scalar == "\u{df}" || scalar == "\u{3c2}" { return true }
        let small = scalar.properties.lowercaseMapping.unicodeScalars
        guard small.count == 1, let first = small.first, first != scalar,
            !first.properties.changesWhenNFKCCaseFolded
        else { return false }
        return first.properties.uppercaseMapping.unicodeScalars.elementsEqual([scalar])
    }
}
