// The page at /: what to try with curl, with fresh tokens. Handing out tokens is for this demonstration only.
export interface DemoToken {
  who: string;
  token: string;
}

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

export function indexPage(base: string, tokens: readonly DemoToken[], foreignInvoice: string): string {
  const [first] = tokens;
  const token = first?.token ?? "";
  const curl = (path: string, rest = ""): string => `curl -s ${rest}-H "authorization: Bearer $TOKEN" "${base}${path}"`;
  const commands = [
    `TOKEN=${token}`,
    curl("/v1/invoices?limit=3"),
    curl("/v1/dashboard"),
    `# an invoice of another tenant: the same 404 as for an id that never was`,
    curl(`/v1/invoices/${foreignInvoice}`),
    `# SQL injection: the search glues its term into the statement`,
    curl(
      "/v1/customers/search?q=%25%27%20union%20all%20select%20id,file_name,content,null%20from%20harbour.attachments--",
    ),
    `# a whole statement of yours, as the application's role`,
    `curl -s -H "authorization: Bearer $TOKEN" -H "content-type: application/json" -d '{"sql":"select tenant_id, count(*) from harbour.invoices group by 1"}' "${base}/v1/reports/custom"`,
  ];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Harbour</title>
<style>body{font:16px/1.5 system-ui;max-width:70rem;margin:2rem auto;padding:0 1rem}pre{background:#f4f4f4;color:#111;padding:1rem;overflow:auto}</style>
<h1>Harbour</h1><p>Field-service invoicing for 50 tenants, isolated by Watertight. You are ${escape(first?.who ?? "")}.</p>
<pre>${commands.map(escape).join("\n")}</pre>
<p>Other logins:</p><pre>${tokens
    .slice(1)
    .map((t) => escape(`# ${t.who}\nTOKEN=${t.token}`))
    .join("\n")}</pre></html>`;
}
