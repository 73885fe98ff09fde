//! Text in HTML.

/// The text as HTML shows it, in an element or in a quoted attribute ("Writing HTML documents" in the HTML Standard).
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A template in which each `{{name}}` becomes what `value` has for the name. A value is never searched for names.
pub fn filled(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        out.push_str(before);
        out.push_str(&value(name));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_an_element_or_an_attribute() {
        let text = "</script><img src=x onerror=\"alert('1')\">&lt;";
        assert_eq!(escaped(text), "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;lt;");
    }

    #[test]
    fn a_value_is_not_searched_for_names() {
        let value = |name: &str| if name == "a" { "{{b}}".to_owned() } else { "wrong".to_owned() };
        assert_eq!(filled("<{{a}}> {{a}} {", value), "<{{b}}> {{b}} {");
    }
}
