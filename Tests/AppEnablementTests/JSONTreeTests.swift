import AppEnablement
import Testing

/// RFC 7396, its own examples.
struct JSONTreeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let original: String
        let patch: String
        let result: String
        var testDescription: String { "\(original) with \(patch)" }
    }

    @Test(arguments: [
        Case(original: #"{"a":"b"}"#, patch: #"{"a":"c"}"#, result: #"{"a":"c"}"#),
        Case(original: #"{"a":"b"}"#, patch: #"{"b":"c"}"#, result: #"{"a":"b","b":"c"}"#),
        Case(original: #"{"a":"b"}"#, patch: #"{"a":null}"#, result: "{}"),
        Case(original: #"{"a":"b","b":"c"}"#, patch: #"{"a":null}"#, result: #"{"b":"c"}"#),
        Case(original: #"{"a":["b"]}"#, patch: #"{"a":"c"}"#, result: #"{"a":"c"}"#),
        Case(original: #"{"a":"c"}"#, patch: #"{"a":["b"]}"#, result: #"{"a":["b"]}"#),
        Case(original: #"{"a":{"b":"c"}}"#, patch: #"{"a":{"b":"d","c":null}}"#, result: #"{"a":{"b":"d"}}"#),
        Case(original: #"{"a":[{"b":"c"}]}"#, patch: #"{"a":[1]}"#, result: #"{"a":[1]}"#),
        Case(original: #"{"e":null}"#, patch: #"{"a":1}"#, result: #"{"a":1,"e":null}"#),
        Case(original: "[1,2]", patch: #"{"a":"b","c":null}"#, result: #"{"a":"b"}"#),
        Case(original: "{}", patch: #"{"a":{"bb":{"ccc":null}}}"#, result: #"{"a":{"bb":{}}}"#),
        Case(original: #"{"a":"foo"}"#, patch: #""bar""#, result: #""bar""#),
    ])
    func `a patch is laid over`(_ testCase: Case) throws {
        func tree(_ text: String) throws -> JSONTree { try JSONBody.decode(JSONTree.self, Array(text.utf8)) }
        #expect(try tree(testCase.original).merged(with: tree(testCase.patch)) == tree(testCase.result))
    }
}
