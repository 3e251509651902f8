/// The page at `/`: which APIs, topics and schemas there are, and a form to try a request with.
///
/// Everything is on it: no script, style or font of another site.
enum IndexPage {
    /// Nothing from elsewhere is loaded, and nothing goes elsewhere.
    static let policy =
        "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

    static func html(_ apis: [API], _ documents: [SiteDocument]) -> [UInt8] {
        Array((head + apis.map(section).joined() + files(documents) + form(apis) + tail).utf8)
    }

    private static let head = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Weir</title>
        <style>body{font:16px sans-serif;margin:2em auto;max-width:60em;padding:0 1em}code,pre,textarea,input{font-family:\
        monospace}summary{cursor:pointer;margin:.3em 0}td{padding:.1em 1em .1em 0;vertical-align:top}\
        input,textarea{width:100%;box-sizing:border-box}pre{background:#eee;padding:1em;overflow:auto}\
        a.try{text-decoration:none}</style>
        <h1>Weir</h1>
        <p>Health: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>. Metrics: <a href="/metrics">/metrics</a>.</p>
        <h2>APIs</h2>

        """

    private static func section(_ api: API) -> String {
        let prefix = api.prefixes.first ?? ""
        let rows = api.routes.map { route in
            let path = escaped(prefix + route.path)
            return """
                <tr><td><a class="try" href="#ask" data-method="\(route.method.rawValue)" data-path="\(path)">\
                <code>\(route.method.rawValue) \(path)</code></a></td><td>\(escaped(route.summary))</td></tr>

                """
        }
        return """
            <details><summary><b>\(escaped(api.title))</b> \(api.prefixes.joined(separator: ", ")):
            <a href="/openapi/\(api.name).json">OpenAPI</a></summary>
            <table>
            \(rows.joined())</table></details>

            """
    }

    private static func files(_ documents: [SiteDocument]) -> String {
        func list(_ folder: String) -> String {
            documents.filter { $0.path.hasPrefix(folder) }
                .map { "<li><a href=\"\($0.path)\">\($0.path.dropFirst(folder.count))</a></li>\n" }.joined()
        }
        return """
            <h2>Topics (AsyncAPI)</h2>
            <ul>
            \(list("/asyncapi/"))</ul>
            <h2>Protobuf</h2>
            <ul>
            \(list("/protos/"))</ul>

            """
    }

    private static func form(_ apis: [API]) -> String {
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"].map { "<option>\($0)</option>" }.joined()
        return """
            <h2>Try a request</h2>
            <form id="ask">
            <p><select id="method" aria-label="method">\(methods)</select>
            <p><label>Path <input id="path" value="\(apis.first.flatMap(\.prefixes.first) ?? "")/"></label>
            <p><label>Access token, if one is needed <input id="token" autocomplete="off"></label>
            <p><label>Body <textarea id="body" rows="6"></textarea></label>
            <p><button>Send</button>
            </form>
            <pre id="answer" aria-live="polite"></pre>

            """
    }

    private static let tail = """
        <script>
        const at = id => document.getElementById(id);
        for (const link of document.querySelectorAll("a.try")) link.addEventListener("click", () => {
          at("method").value = link.dataset.method;
          at("path").value = link.dataset.path;
        });
        at("ask").addEventListener("submit", async event => {
          event.preventDefault();
          const method = at("method").value, token = at("token").value, body = at("body").value;
          const headers = {};
          if (token) headers.Authorization = "Bearer " + token;
          if (body && method != "GET") headers["Content-Type"] = "application/json";
          try {
            const answer = await fetch(at("path").value, {method, headers, body: method == "GET" ? undefined : body || undefined});
            const text = await answer.text();
            let shown = text;
            try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch {}
            at("answer").textContent = answer.status + " " + answer.statusText + "\\n" +
              [...answer.headers].map(([name, value]) => name + ": " + value).join("\\n") + "\\n\\n" + shown;
          } catch (error) {
            at("answer").textContent = error;
          }
        });
        </script>
        </html>

        """

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
