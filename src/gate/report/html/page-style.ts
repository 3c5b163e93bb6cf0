/** The whole look of the page: both colour schemes, print, and filters that need no script. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1c2024;--soft:#5b6470;--line:#dfe3e8;--code:#f4f5f7;--link:#0b5cad;
--high:#b42318;--high-bg:#fde8e6;--medium:#8a5300;--medium-bg:#fdf0d5;--low:#1f5f99;--low-bg:#e3effb;--info:#505a66;--info-bg:#eceff3;
--mark:#ffe08a;--add:#dff5e3;--add-ink:#14532d;--gone:#fde8e6;--gone-ink:#7f1d1d}
@media (prefers-color-scheme:dark){:root{--page:#14171a;--card:#1b1f24;--ink:#e6e9ed;--soft:#9aa5b1;--line:#323941;--code:#11151a;--link:#79b8ff;
--high:#ff9b91;--high-bg:#4a1c19;--medium:#f5c26b;--medium-bg:#44320f;--low:#8cc4ff;--low-bg:#16324d;--info:#b3bdc8;--info-bg:#2b3138;
--mark:#7a5b00;--add:#12351f;--add-ink:#a7e8b8;--gone:#401a18;--gone-ink:#ffb4ac}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
header,main,footer{max-width:66rem;margin:0 auto;padding:1.25rem}
header{padding-top:2rem;padding-bottom:0}h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.25rem 0 .75rem;overflow-wrap:anywhere}
h3{font-size:1rem;font-weight:600;margin:0 0 .35rem;overflow-wrap:anywhere}
p{margin:.35rem 0}.soft,.where,figcaption,footer{color:var(--soft);font-size:.9rem}a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem}
.counts{display:flex;flex-wrap:wrap;gap:.75rem;border:0;padding:0;margin:1rem 0 0}
.counts legend{padding:0;color:var(--soft);font-size:.9rem;margin-bottom:.35rem}
.counts label{display:flex;gap:.6rem;align-items:center;padding:.55rem .9rem;border-radius:.6rem;border:1px solid var(--line);background:var(--card);cursor:pointer}
.counts b{font-size:1.35rem;line-height:1}
.counts .high b{color:var(--high)}.counts .medium b{color:var(--medium)}.counts .low b{color:var(--low)}.counts .info b{color:var(--info)}
article{background:var(--card);border:1px solid var(--line);border-left-width:5px;border-radius:.6rem;padding:1rem 1.15rem;margin:0 0 1rem}
article.high{border-left-color:var(--high)}article.medium{border-left-color:var(--medium)}article.low{border-left-color:var(--low)}article.info{border-left-color:var(--info)}
.badge{display:inline-block;font-size:.75rem;font-weight:700;text-transform:uppercase;letter-spacing:.03em;border-radius:.35rem;padding:.1rem .45rem;margin-right:.35rem}
.high .badge{color:var(--high);background:var(--high-bg)}.medium .badge{color:var(--medium);background:var(--medium-bg)}
.low .badge{color:var(--low);background:var(--low-bg)}.info .badge{color:var(--info);background:var(--info-bg)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86rem}
.where code,p code,li>code{overflow-wrap:anywhere}
pre{background:var(--code);border:1px solid var(--line);border-radius:.45rem;padding:.5rem 0;margin:.6rem 0;overflow-x:auto;tab-size:4}
pre code{display:block;width:max-content;min-width:100%}
.row,del,ins{display:block;padding:0 .9rem;text-decoration:none;white-space:pre}
.row{min-height:1.5em}pre code{white-space:normal}
.row.here{background:color-mix(in srgb,var(--mark) 18%,transparent)}
.number{display:inline-block;min-width:2.6rem;margin-right:.9rem;text-align:right;color:var(--soft);user-select:none}
mark{background:var(--mark);color:inherit;border-radius:.2rem}
ins{background:var(--add);color:var(--add-ink)}del{background:var(--gone);color:var(--gone-ink)}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--link)}ol,ul{padding-left:1.4rem;margin:.5rem 0}li{margin:.3rem 0;overflow-wrap:anywhere}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.75rem}.scroll{overflow:auto;max-height:34rem}
svg{display:block}svg text{font:12.5px ui-monospace,Menlo,Consolas,monospace;fill:var(--ink)}
svg rect{fill:var(--code);stroke:var(--soft)}svg .strange rect{fill:var(--high-bg);stroke:var(--high)}
svg .taken rect{fill:var(--high-bg);stroke:var(--high);stroke-width:2.5}svg .secret rect{fill:var(--medium-bg);stroke:var(--medium)}
svg path{fill:none;stroke:var(--soft);stroke-width:1.2;opacity:.65}svg path.reached{stroke:var(--high);stroke-width:2.6;opacity:1}svg path.calls{stroke-dasharray:5 4}
figcaption{margin-top:.6rem}.key{display:inline-block;margin-right:.75rem;padding-left:.55rem;border-left:.8rem solid var(--soft)}
.key.strange{border-color:var(--high-bg)}.key.taken{border-color:var(--high)}.key.secret{border-color:var(--medium-bg)}.key.line{border-left-width:1.6rem;border-color:var(--high);border-image:linear-gradient(transparent 40%,var(--high) 40% 60%,transparent 60%) 1}
.reached{color:var(--high)}
.overview{list-style:none;padding:0;columns:2 22rem}.overview li{break-inside:avoid;margin:0;padding:.15rem 0}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid var(--line)}
tr:target{background:color-mix(in srgb,var(--mark) 30%,transparent)}
body:has(#show-high:not(:checked)) article.high,body:has(#show-medium:not(:checked)) article.medium,
body:has(#show-low:not(:checked)) article.low,body:has(#show-info:not(:checked)) article.info{display:none}
@media (max-width:34rem){header,main,footer{padding:.85rem}article{padding:.8rem}}
@media print{body{background:#fff}article{break-inside:avoid}pre code{white-space:pre-wrap}.skip{display:none}}
`;
