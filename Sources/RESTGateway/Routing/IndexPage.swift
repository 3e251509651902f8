/// The page at `/`: which APIs there are, and a line to try them with.
enum IndexPage {
    static func html(_ apis: [API]) -> [UInt8] {
        var rows = ""
        var paths = ""
        for api in apis {
            let prefixes = api.prefixes.joined(separator: ", ")
            rows += """
                <tr><td>\(api.title)</td><td>\(prefixes)</td>\
                <td><a href="/openapi/\(api.name).json">OpenAPI</a></td></tr>

                """
            for route in api.routes where route.method == .get && !route.path.contains("{") {
                paths += "<option value=\"\(api.prefixes.first ?? "")\(route.path)\">\n"
            }
        }
        return Array(
            """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <title>Weir</title>
            <style>body{font:16px sans-serif;margin:2em;max-width:60em}td{padding:.2em 1em .2em 0}
            input[type=text]{width:30em}pre{background:#eee;padding:1em;overflow:auto}</style>
            <h1>Weir</h1>
            <p>The APIs of this site. Health: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>;
            metrics: <a href="/metrics">/metrics</a>.</p>
            <table>
            \(rows)</table>
            <h2>Try a request</h2>
            <form id="ask"><input type="text" id="path" list="paths" value="/mec_service_mgmt/v1/services" aria-label="path">
            <input type="text" id="token" placeholder="access token, if one is needed" aria-label="token">
            <button>GET</button></form>
            <datalist id="paths">
            \(paths)</datalist>
            <pre id="answer"></pre>
            <script>
            document.getElementById("ask").addEventListener("submit", async event => {
              event.preventDefault();
              const token = document.getElementById("token").value;
              const answer = await fetch(document.getElementById("path").value,
                {headers: token ? {Authorization: "Bearer " + token} : {}});
              const text = await answer.text();
              let shown = text;
              try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch {}
              document.getElementById("answer").textContent = answer.status + "\\n" + shown;
            });
            </script>
            </html>

            """.utf8
        )
    }
}
