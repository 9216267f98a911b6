//! Findings as they are shown.

use super::super::super::{annotations, html, junit, markdown, sample, terminal};
use super::*;

/// The lines of a text from the first with `from` to the last before `to`.
fn between(text: &str, from: &str, to: &str) -> String {
    let lines = text.lines().skip_while(|line| !line.contains(from)).take_while(|line| !line.contains(to));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_cause_stands_before_its_rows_and_with_what_to_do() {
    let text = markdown::render(&sample::explained(), markdown::LIMIT);
    insta::assert_snapshot!(between(&text, "##", "<details><summary>1 unchanged"), @"
    ## 🔴 Tollgate: 3 regressions (1 of 4 checks passed)

    <code>shop/list</code> has 86 times the <code>memory-growth</code> of base. <code>SELECT &#42; FROM items WHERE order&#95;id = &#36;1</code> runs 20 times a request of <code>shop/list</code> (N+1): <code>shop/list</code> needs 667 % more <code>queries</code> than base. **This change should not merge as it is.**

    | | benchmark | metric | base | head | change (99 % interval) | allowed | verdict |
    |---|---|---|--:|--:|--:|--:|---|
    | 🔴 | <code>shop › list</code> | memory-growth | 3.0 B | 258.7 B | ×86 (×86 … ×86) | +2 % | regressed |
    | 🔴 | <code>shop › list</code> | queries | 3 | 23 | +667 % (exact) | +2 % | regressed |
    | 🔴 | <code>shop › list</code> | latency-p95 | 3.00 s | 4.32 s | +44.0 % (+43.0 … +45.0) | +2 % | regressed |

    ### PERF-001 · <code>SELECT &#42; FROM items WHERE order&#95;id = &#36;1</code> runs 20 times a request of <code>shop/list</code> (N+1)

    - **Impact** critical: <code>shop/list&#58;latency-p95</code> went from 91 ms to 131 ms.
    - **Location** query <code>SELECT &#42; FROM items WHERE order&#95;id = &#36;1</code>
    - **Evidence** calls a request: 0 in base, 20 in head.
    - **Evidence** 32 rounds, base and head in pairs on this machine; change +667 % (exact); allowed +2 %.
    - **Also** <code>shop/list</code> is 44.0 % slower than base in <code>latency-p95</code>.
    - **Likely cause** the statement stands in a loop over the rows of another.
    - **Try** fetch all of them in one statement.
    - **Owner** <code>&#64;&#8203;shop-team</code>
    - **Tell** labels <code>performance</code>, reviewers <code>octocat</code>
    - **Reproduce** <code>tollgate check --only &#39;shop/list&#39; --base 9a41c02b9</code>

    <details><summary>Plans of <code>SELECT &#42; FROM items WHERE order&#95;id = &#36;1</code></summary>

    Head

    <pre>
    Index Scan on items
      Index Cond: …
    </pre>

    </details>

    ### PERF-002 · <code>shop/list</code> has 86 times the <code>memory-growth</code> of base

    - **Evidence** 32 rounds, base and head in pairs on this machine; change ×86 (×86 … ×86), 99 % interval; allowed +2 %.
    - **Reproduce** <code>tollgate check --only &#39;shop/list&#39; --base 9a41c02b9</code>

    ### PERF-003 · possible: <code>SELECT &#42; FROM orders WHERE customer = &#36;1</code> reads all 50 k rows of <code>orders</code>

    - **Impact** low: no check fails by it.
    - **Location** <code>src/orders.rs&#58;118</code>
    - **Evidence** the hit rate fell to 40 %.
    - **Evidence** 32 rounds, base and head in pairs on this machine.
    - **Likely cause** no index fits.
    - **Try** create the index. <code>CREATE INDEX ON orders (customer)</code>
    - **Reproduce** <code>tollgate check --only &#39;shop/show&#39; --base 9a41c02b9</code>
    ");
}

#[test]
fn the_terminal_says_the_same() {
    let text = anstream::adapter::strip_str(&terminal::render(&sample::explained())).to_string();
    insta::assert_snapshot!(between(&text, "PERF-001", "1 unchanged"), @"
    PERF-001 `SELECT * FROM items WHERE order_id = $1` runs 20 times a request of `shop/list` (N+1)
      impact     critical: `shop/list:latency-p95` went from 91 ms to 131 ms
      location   query `SELECT * FROM items WHERE order_id = $1`
      evidence   calls a request: 0 in base, 20 in head
      evidence   32 rounds, base and head in pairs on this machine; change +667 % (exact); allowed +2 %
      also       `shop/list` is 44.0 % slower than base in `latency-p95`
      cause      the statement stands in a loop over the rows of another
      try        fetch all of them in one statement
      owner      @shop-team
      tell       labels `performance`, reviewers `octocat`
      reproduce  tollgate check --only 'shop/list' --base 9a41c02b9

    PERF-002 `shop/list` has 86 times the `memory-growth` of base
      evidence   32 rounds, base and head in pairs on this machine; change ×86 (×86 … ×86), 99 %
                 interval; allowed +2 %
      reproduce  tollgate check --only 'shop/list' --base 9a41c02b9

    PERF-003 possible: `SELECT * FROM orders WHERE customer = $1` reads all 50 k rows of `orders`
      impact     low: no check fails by it
      location   `src/orders.rs:118`
      evidence   the hit rate fell to 40 %
      evidence   32 rounds, base and head in pairs on this machine
      cause      no index fits
      try        create the index
      paste      CREATE INDEX ON orders (customer)
      reproduce  tollgate check --only 'shop/show' --base 9a41c02b9
    ");
}

#[test]
fn annotations_and_test_reports_name_the_cause_too() {
    insta::assert_snapshot!(annotations::render(&sample::explained()), @"
    ::error title=PERF-001 shop › list::`SELECT * FROM items WHERE order_id = $1` runs 20 times a request of `shop/list` (N+1). Likely cause: the statement stands in a loop over the rows of another. Try: fetch all of them in one statement. Reproduce: tollgate check --only 'shop/list' --base 9a41c02b9
    ::error title=PERF-002 shop › list::`shop/list` has 86 times the `memory-growth` of base. Reproduce: tollgate check --only 'shop/list' --base 9a41c02b9
    ::warning title=PERF-003 shop › show::possible: `SELECT * FROM orders WHERE customer = $1` reads all 50 k rows of `orders`. Likely cause: no index fits. Try: create the index. Reproduce: tollgate check --only 'shop/show' --base 9a41c02b9
    ");
    let cases = junit::render(&sample::explained());
    assert_eq!(
        cases.matches("; PERF-001: `SELECT * FROM items WHERE order_id = $1` runs 20 times").count(),
        2,
        "{cases}"
    );
}

#[test]
fn the_page_has_the_plans_and_the_statement_to_paste() {
    let page = html::render(&sample::explained());
    for part in ["<h3>Head</h3>", "Index Cond: …", "CREATE INDEX ON orders (customer)", "src/orders.rs:118", "labels"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn what_would_be_cut_or_hides_something_is_not_offered_to_be_pasted() {
    let paste_of = |text: &str| paste(&model::finding::Paste { language: Language::Sql, text: text.to_owned() });
    assert_eq!(paste_of("CREATE INDEX\n  ON t (a)"), "CREATE INDEX ON t (a)");
    assert_eq!(paste_of("CREATE \u{202e}x"), "");
    assert_eq!(paste_of(&"x".repeat(STATEMENT_MAX + 1)), "");
}

#[test]
fn numbers_are_given_in_the_order_of_the_report() {
    let judgement = sample::explained();
    let view = super::super::View::of(&judgement);
    let order: Vec<_> =
        view.findings.iter().map(|found| (found.number.as_str(), found.fails, found.rule.as_str())).collect();
    assert_eq!(order, [("PERF-001", true, "n-plus-one"), ("PERF-002", true, ""), ("PERF-003", false, "missing-index")]);
    assert_eq!(view.numbers(), ["PERF-001", "PERF-003"]);
    assert_eq!(view.failing(), 3);
}
