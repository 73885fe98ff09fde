//! Networks of IP addresses.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use ipnet::IpNet;

use super::entry::{Meaning, Operator, as_text};
use crate::{
    filter::operand::{OperandError, Takes, Test, Value},
    record::Scalar,
};

/// The entries of the table.
pub(super) static OPERATORS: &[&Operator] = &[&CIDR];

/// `cidr`
pub static CIDR: Operator = Operator {
    summary: "is an IP address in the network",
    takes: Takes::ValueOrList,
    examples: &[
        (r#"sourceIPAddress cidr "10.0.0.0/8""#, r#"{"sourceIPAddress": "10.1.2.3"}"#, true),
        (r#"sourceIPAddress cidr "10.0.0.0/8""#, r#"{"sourceIPAddress": "::ffff:10.1.2.3"}"#, true),
        (r#"sourceIPAddress cidr ("10.0.0.0/8", "2001:db8::/32")"#, r#"{"sourceIPAddress": "AWS Internal"}"#, false),
    ],
    ..Operator::new("cidr", Meaning::Network, network)
};

fn network(operand: &Value) -> Result<Test, OperandError> {
    let text = as_text(operand)?;
    let network = match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
        (Ok(network), _) if network.addr() == network.network() => network,
        (Ok(network), _) => {
            return Err(OperandError::new(
                "expected a network whose host bits are zero",
                format!("write `\"{}\"`, or only the address for one host", network.trunc()),
            ));
        }
        (_, Ok(address)) => IpNet::from(address),
        _ => {
            return Err(OperandError::new(
                "expected a network or an address",
                "write a network such as `\"10.0.0.0/8\"` or `\"2001:db8::/32\"`",
            ));
        }
    };
    let network = unmapped(network);
    Ok(Arc::new(move |scalar| match scalar {
        Scalar::Text(text) => text.parse::<IpAddr>().is_ok_and(|address| contains(address.to_canonical(), network)),
        _ => false,
    }))
}

/// `::/0` contains every address; no other IPv6 network contains an IPv4 address.
fn contains(address: IpAddr, network: IpNet) -> bool {
    network.contains(&address) || network.prefix_len() == 0 && matches!(network, IpNet::V6(_))
}

/// The IPv4 network, for a network of IPv4-mapped addresses (RFC 4291, section 2.5.5.2).
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else { return network };
    let four: Option<Ipv4Addr> = six.addr().to_ipv4_mapped().filter(|_| six.prefix_len() >= 96);
    four.and_then(|four| IpNet::new(four.into(), six.prefix_len() - 96).ok()).unwrap_or(network)
}
