import Access
import Foundation
import Testing

@Suite struct PasswordFileEditorTests {
    private func hash(_ password: String) throws -> PasswordHash {
        try .scrypt(Array(password.utf8), PasswordTests.cheap)
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test func `a new file is for its owner only`() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/passwords"
        var editor = try PasswordFileEditor(path: path, creating: true)
        #expect(try editor.set("ann", hash("a")) == .added)
        try editor.write()
        #expect(try mode(path) == 0o600)
        #expect(try PasswordFile(path: path).verify(user: "ann", Array("a".utf8))?.name == "ann")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["passwords"])
    }

    @Test func `comments, blank lines and order stay`() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("passwords", "# ours\nann:old\n\n  # odd: line\nbob:old\nann:twice\n")
        var editor = try PasswordFileEditor(path: path)
        #expect(editor.users == ["ann", "bob", "ann"])
        #expect(try editor.set("ann", hash("new")) == .changed)
        #expect(try editor.set("cem", hash("c")) == .added)
        #expect(editor.remove("bob") == true)
        #expect(editor.remove("bob") == false)
        try editor.write()
        let lines = try folder.read("passwords").split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 6)
        #expect(lines[0] == "# ours")
        #expect(lines[1].hasPrefix("ann:$scrypt$"))
        #expect(lines[2] == "")
        #expect(lines[3] == "  # odd: line")
        #expect(lines[4].hasPrefix("cem:$scrypt$"))
        #expect(lines[5] == "")
    }

    @Test func `a batch is taken as a whole or not at all`() throws {
        let folder = try ScratchFolder()
        var editor = try PasswordFileEditor(path: folder.path + "/passwords", creating: true)
        let make = { (password: [UInt8]) in try PasswordHash.scrypt(password, PasswordTests.cheap) }
        #expect(throws: AccessSettingsError.self) {
            try editor.setAll(fromLines: "ann:a\nno colon\n", name: "stdin", hash: make)
        }
        #expect(editor.users == [])
        #expect(try editor.setAll(fromLines: "ann:a:b\r\nbob:\n\ncem: c \n", name: "stdin", hash: make) == 3)
        try editor.write()
        let file = try PasswordFile(path: folder.path + "/passwords")
        #expect(try file.verify(user: "ann", Array("a:b".utf8)) != nil)
        #expect(try file.verify(user: "bob", []) != nil)
        #expect(try file.verify(user: "cem", Array(" c ".utf8)) != nil)
    }

    @Test func `the group's right to read stays and the world's goes`() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("passwords", "")
        try FileManager.default.setAttributes([.posixPermissions: 0o664], ofItemAtPath: path)
        var editor = try PasswordFileEditor(path: path)
        _ = try editor.set("ann", hash("a"))
        try editor.write()
        #expect(try mode(path) == 0o640)
    }

    @Test func `a symbolic link stays and its file is replaced`() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("real", "ann:old\n")
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: path)
        var editor = try PasswordFileEditor(path: folder.path + "/link")
        #expect(editor.remove("ann") == true)
        try editor.write()
        #expect(try folder.read("real") == "")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/link") == path)
    }

    @Test(arguments: ["", "a:b", "#a", " a", "a ", "a\nb", "a\u{7f}", String(repeating: "x", count: 65_536)])
    func `a name that the file cannot hold is refused`(_ name: String) throws {
        let folder = try ScratchFolder()
        var editor = try PasswordFileEditor(path: folder.path + "/passwords", creating: true)
        let hash = try hash("x")
        #expect(throws: AccessSettingsError.self) { _ = try editor.set(name, hash) }
    }

    @Test func `what cannot be read or written is told of`() throws {
        let folder = try ScratchFolder()
        #expect(throws: AccessSettingsError.self) { try PasswordFileEditor(path: folder.path + "/none") }
        let editor = try PasswordFileEditor(path: folder.path + "/no/such/folder", creating: true)
        #expect {
            try editor.write()
        } throws: { "\($0)".contains("cannot be written (No such file or directory)") }
    }
}
