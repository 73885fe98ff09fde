//! Networks of IPv4 as regular expressions.

use std::net::IpAddr;

use ipnet::IpNet;

/// A number from 0 to 255 without a leading zero, as addresses have it.
pub const OCTET: &str = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

/// The expression that an IPv4 address in the network matches. `None` for a network of IPv6, and for a text that is no network.
pub fn pattern(network: &str) -> Option<String> {
    let network = network.parse::<IpNet>().ok().or_else(|| network.parse::<IpAddr>().ok().map(IpNet::from))?;
    let (first, length) = match network {
        IpNet::V4(four) => (four.network(), four.prefix_len()),
        IpNet::V6(six) if six.prefix_len() >= 96 => (six.addr().to_ipv4_mapped()?, six.prefix_len() - 96),
        IpNet::V6(_) => return None,
    };
    let octets: Vec<_> = first.octets().into_iter().enumerate().map(|(at, octet)| part(octet, length, at)).collect();
    Some(format!(r"\A{}\z", octets.join(r"\.")))
}

/// The octet at a position, in a network whose prefix has so many bits.
fn part(octet: u8, length: u8, at: usize) -> String {
    let fixed = usize::from(length).saturating_sub(8 * at).min(8);
    match fixed {
        0 => OCTET.to_owned(),
        8 => octet.to_string(),
        fixed => {
            let last = octet | (u8::MAX >> fixed);
            let values: Vec<_> = (octet..=last).map(|value| value.to_string()).collect();
            format!("(?:{})", values.join("|"))
        }
    }
}
