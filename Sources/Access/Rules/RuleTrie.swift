/// The rules of one ``TopicRules`` as a tree over levels, in flat arrays.
///
/// A walk visits no node twice, so a check costs at most the number of nodes however hostile the
/// topic, and in practice one binary search per level.
struct RuleTrie: Sendable {
    struct Node: Sendable {
        var firstEdge: UInt32 = 0
        var edgeCount: UInt32 = 0
        var firstTemplateEdge: UInt32 = 0
        var templateEdgeCount: UInt32 = 0
        /// Child for `+`; 0 is none, since the root is nobody's child.
        var anyChild: UInt32 = 0
        /// Rules that end here.
        var end: RuleBits = []
        /// Rules that end in `#` below here: they match this level and all beneath `[MQTT 4.7.1.2]`.
        var rest: RuleBits = []
    }

    /// To a child by a level's text; a node's edges are sorted by ``RuleTrie/order(_:_:)``.
    struct Edge: Sendable {
        var text: Text
        var child: UInt32
    }

    /// To a child by a level made of pieces.
    struct TemplateEdge: Sendable {
        var firstPiece: UInt32
        var pieceCount: UInt32
        var child: UInt32
    }

    struct Piece: Sendable {
        enum Kind: Sendable { case text, clientID, username }
        var kind: Kind
        var text: Text
    }

    /// A place in ``RuleTrie/bytes``.
    struct Text: Sendable {
        var offset: UInt32
        var count: UInt32
    }

    private(set) var nodes: [Node] = []
    private(set) var edges: [Edge] = []
    private(set) var templateEdges: [TemplateEdge] = []
    private(set) var pieces: [Piece] = []
    private(set) var bytes: [UInt8] = []

    init(_ rules: [TopicRule]) {
        let root = Builder()
        for rule in rules { root.add(rule.filter.levels[...], RuleBits(rule)) }
        flatten(root)
    }

    /// Shorter first, then by bytes: cheap to compare, and any total order serves.
    static func order(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        if a.count != b.count { return a.count - b.count }
        for index in 0..<a.count where a[index] != b[index] { return Int(a[index]) - Int(b[index]) }
        return 0
    }

    /// The tree while it grows.
    private final class Builder {
        var literals: [[UInt8]: Builder] = [:]
        var templates: [[FilterTemplate.Piece]: Builder] = [:]
        var any: Builder?
        var end: RuleBits = []
        var rest: RuleBits = []

        func add(_ levels: ArraySlice<FilterTemplate.Level>, _ bits: RuleBits) {
            guard let level = levels.first else {
                end.formUnion(bits)
                return
            }
            let tail = levels.dropFirst()
            switch level {
            case .rest: rest.formUnion(bits)
            case .any:
                let child = any ?? Builder()
                any = child
                child.add(tail, bits)
            case .literal(let text):
                let child = literals[text] ?? Builder()
                literals[text] = child
                child.add(tail, bits)
            case .template(let pieces):
                let child = templates[pieces] ?? Builder()
                templates[pieces] = child
                child.add(tail, bits)
            }
        }
    }

    /// Breadth first, so that a node's edges lie together.
    private mutating func flatten(_ root: Builder) {
        var queue = [root]
        var next = 0
        nodes = [Node()]
        while next < queue.count {
            let builder = queue[next]
            var node = Node()
            node.end = builder.end
            node.rest = builder.rest
            node.firstEdge = UInt32(edges.count)
            node.edgeCount = UInt32(builder.literals.count)
            let sorted = builder.literals.sorted { a, b in
                a.key.withUnsafeBytes { x in b.key.withUnsafeBytes { y in Self.order(x, y) < 0 } }
            }
            for (text, child) in sorted {
                edges.append(Edge(text: store(text), child: UInt32(queue.count)))
                queue.append(child)
                nodes.append(Node())
            }
            node.firstTemplateEdge = UInt32(templateEdges.count)
            node.templateEdgeCount = UInt32(builder.templates.count)
            for (template, child) in builder.templates {
                templateEdges.append(
                    TemplateEdge(
                        firstPiece: UInt32(pieces.count),
                        pieceCount: UInt32(template.count),
                        child: UInt32(queue.count)
                    )
                )
                pieces.append(contentsOf: template.map { store($0) })
                queue.append(child)
                nodes.append(Node())
            }
            if let child = builder.any {
                node.anyChild = UInt32(queue.count)
                queue.append(child)
                nodes.append(Node())
            }
            nodes[next] = node
            next += 1
        }
    }

    private mutating func store(_ text: [UInt8]) -> Text {
        defer { bytes.append(contentsOf: text) }
        return Text(offset: UInt32(bytes.count), count: UInt32(text.count))
    }

    private mutating func store(_ piece: FilterTemplate.Piece) -> Piece {
        switch piece {
        case .text(let text): Piece(kind: .text, text: store(text))
        case .clientID: Piece(kind: .clientID, text: Text(offset: 0, count: 0))
        case .username: Piece(kind: .username, text: Text(offset: 0, count: 0))
        }
    }
}
