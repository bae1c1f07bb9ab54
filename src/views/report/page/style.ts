/** Light and dark, on screen and on paper; the pictures take their colours from the same variables. */
export const style = `
:root{color-scheme:light;
--page:#fff;--panel:#f7f8fa;--text:#1b1f24;--soft:#57606a;--rule:#d8dee4;--link:#0b57d0;
--app:#3566a8;--tasks:#1f9d74;--odop:#c97b00;--idle:#e6e9ee;--none:#fff;--waiting:#8a63b8;--line:#1b1f24;--limit:#c4283b;
--good:#116b3c;--warn:#8a5a00;--bad:#b3202f;--focus:#0b57d0}
:root[data-theme=dark]{color-scheme:dark;
--page:#14171c;--panel:#1b2027;--text:#e6e9ee;--soft:#9aa4b1;--rule:#323944;--link:#8ab4f8;
--app:#5b93e0;--tasks:#38c493;--odop:#f0a63a;--idle:#2a313b;--none:#14171c;--waiting:#b794e6;--line:#e6e9ee;--limit:#ff7b86;
--good:#5fd39a;--warn:#f0b95a;--bad:#ff8a94;--focus:#8ab4f8}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;
--page:#14171c;--panel:#1b2027;--text:#e6e9ee;--soft:#9aa4b1;--rule:#323944;--link:#8ab4f8;
--app:#5b93e0;--tasks:#38c493;--odop:#f0a63a;--idle:#2a313b;--none:#14171c;--waiting:#b794e6;--line:#e6e9ee;--limit:#ff7b86;
--good:#5fd39a;--warn:#f0b95a;--bad:#ff8a94;--focus:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 24px 48px;position:relative}
h1{font-size:28px;line-height:1.2;margin:2px 0 8px;overflow-wrap:anywhere}
h2{font-size:19px;margin:40px 0 12px;padding-top:12px;border-top:1px solid var(--rule)}
h3{font-size:15px;margin:0}
p{margin:6px 0}
.kind{color:var(--soft);font-size:13px;text-transform:uppercase;letter-spacing:.06em;margin:0}
.when,.hint,.note,footer,figcaption p{color:var(--soft)}
.hint{font-size:13px}
.note,footer{font-size:13px;margin-top:14px}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:13px}
.command code{overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:0}
.figures>div{background:var(--panel);border:1px solid var(--rule);border-radius:8px;padding:12px 14px}
dt{color:var(--soft);font-size:13px}
dd{margin:0;font-size:24px;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
dd.detail{font-size:13px;font-weight:400;color:var(--soft);line-height:1.4}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
figure{margin:22px 0 0}
figcaption{display:flex;flex-wrap:wrap;gap:0 16px;align-items:baseline}
figcaption p{flex:1 1 320px;margin:0;font-size:13px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:4px 0;padding:0;font-size:13px}
.legend li{display:flex;align-items:center;gap:6px;overflow-wrap:anywhere}
.swatch{display:inline-block;width:12px;height:12px;border-radius:2px;border:1px solid transparent;flex:none}
.swatch.app,.bar .app{background:var(--app)}.swatch.tasks,.bar .tasks{background:var(--tasks)}.swatch.odop,.bar .odop{background:var(--odop)}
.swatch.idle{background:var(--idle);border-color:var(--rule)}.swatch.none{background:var(--none);border-color:var(--rule)}
.swatch.waiting{background:var(--waiting)}
.swatch.line{height:0;border:0;border-top:2px solid var(--line);border-radius:0;width:16px}
.swatch.limit{height:0;border:0;border-top:2px dashed var(--limit);border-radius:0;width:16px}
.chart{position:relative;width:100%;margin-top:4px}
.cross{position:absolute;top:0;bottom:0;width:1px;background:var(--line);opacity:.45;pointer-events:none;display:none}
.tip{position:fixed;z-index:9;pointer-events:none;background:var(--page);color:var(--text);border:1px solid var(--rule);border-radius:6px;box-shadow:0 4px 16px rgba(0,0,0,.22);padding:8px 10px;font-size:13px;line-height:1.4;max-width:380px;display:none}
.tip b{display:block;overflow-wrap:anywhere}
.tip dl{margin:4px 0 0;display:grid;grid-template-columns:auto auto;gap:0 14px}
.tip dt,.tip dd{font-size:13px;font-weight:400;line-height:1.45}
.tip dd{text-align:right}
.tools{display:flex;flex-wrap:wrap;gap:6px;align-items:center;margin:6px 0}
button,input{font:inherit;font-size:13px;color:var(--text);background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:3px 10px}
button{cursor:pointer}button:hover{border-color:var(--soft)}
input{margin-left:6px;min-width:220px}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.theme{position:absolute;top:28px;right:24px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);font-size:13px;padding-bottom:6px}
th,td{padding:4px 10px;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top;white-space:nowrap}
th:first-child,td:first-child{padding-left:0}
thead th{font-weight:600;border-bottom-width:2px;position:relative}
thead th button{all:unset;cursor:pointer;font-weight:600}
thead th button:focus-visible{outline:2px solid var(--focus)}
th[aria-sort=ascending] button::after{content:" ▲";font-size:10px}
th[aria-sort=descending] button::after{content:" ▼";font-size:10px}
tbody th{font-weight:500}
tbody tr:hover{background:var(--panel)}
.number{text-align:right}
.reason{white-space:normal;display:inline-block;min-width:180px;max-width:480px;overflow-wrap:anywhere}
.bar{display:inline-flex;width:140px;height:11px;background:var(--idle);border-radius:2px;overflow:hidden}
.bar span{height:100%}
a{color:var(--link)}
details{border:1px solid var(--rule);border-radius:6px;margin:8px 0;padding:6px 12px}
summary{cursor:pointer;overflow-wrap:anywhere}
pre{overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;max-height:420px}
.notes{padding-left:18px}.notes li{margin:4px 0;overflow-wrap:anywhere}
h3+details{margin-top:10px}.scroll+h3{margin-top:20px}
@media print{
main{max-width:none;padding:0}
.theme,.tools,.tip,.cross{display:none!important}
body{font-size:11px}h2{break-after:avoid}figure,.figures>div,tr{break-inside:avoid}
table{font-size:10px}th,td{white-space:normal}pre{max-height:none}
dd{font-size:17px}.figures{grid-template-columns:repeat(3,1fr)}
}
`
