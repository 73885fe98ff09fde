//! Networks of IP addresses.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use ipnet::IpNet;

use super::{Operator, PLAIN, as_text};
use crate::{
    filter::operand::{Refusal, Takes, Test, Value},
    record::Scalar,
};

/// The entries of the table.
pub static OPERATORS: &[Operator] = &[Operator {
    spelling: "cidr",
    summary: "is an IP address in the network",
    takes: Takes::ValueOrList,
    compile: network,
    examples: &[
        (r#"sourceIPAddress cidr "10.0.0.0/8""#, r#"{"sourceIPAddress": "10.1.2.3"}"#, true),
        (r#"sourceIPAddress cidr "10.0.0.0/8""#, r#"{"sourceIPAddress": "::ffff:10.1.2.3"}"#, true),
        (r#"sourceIPAddress cidr ("10.0.0.0/8", "2001:db8::/32")"#, r#"{"sourceIPAddress": "AWS Internal"}"#, false),
    ],
    ..PLAIN
}];

fn network(operand: &Value) -> Result<Test, Refusal> {
    let text = as_text(operand)?;
    let network = match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
        (Ok(network), _) if network.addr() == network.network() => network,
        (Ok(network), _) => {
            return Refusal::of(
                "expected a network whose host bits are zero",
                format!("write `\"{}\"`, or the address alone for one host", network.trunc()),
            );
        }
        (_, Ok(address)) => IpNet::from(address),
        _ => {
            return Refusal::of(
                "expected a network or an address",
                "write a network such as `\"10.0.0.0/8\"` or `\"2001:db8::/32\"`",
            );
        }
    };
    let network = unmapped(network);
    Ok(Arc::new(move |scalar| match scalar {
        Scalar::Text(text) => text.parse::<IpAddr>().is_ok_and(|address| lies_in(address.to_canonical(), network)),
        _ => false,
    }))
}

/// `::/0` is every address; no other IPv6 network holds an IPv4 address.
fn lies_in(address: IpAddr, network: IpNet) -> bool {
    network.contains(&address) || network.prefix_len() == 0 && matches!(network, IpNet::V6(_))
}

/// A network of IPv4-mapped addresses is the IPv4 network.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else { return network };
    let four: Option<Ipv4Addr> = six.addr().to_ipv4_mapped().filter(|_| six.prefix_len() >= 96);
    four.and_then(|four| IpNet::new(four.into(), six.prefix_len() - 96).ok()).unwrap_or(network)
}
