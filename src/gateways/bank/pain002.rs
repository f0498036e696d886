//! What a bank says of orders: status reports (pain.002). An order of ours is alone in its message,
//! whose id is its reference, so that a status of the message is the order's.

use super::xml::Node;
use crate::values::OrderStatus;

/// The statuses that a part of a report tells: those of its transactions, or else its own.
pub(super) fn statuses(part: Node<'_>) -> Vec<OrderStatus> {
    let of_transactions: Vec<OrderStatus> = part
        .all("TxInfAndSts")
        .filter_map(|t| {
            let reference = t.text_at(&["OrgnlEndToEndId"])?;
            status(t, reference, "TxSts")
        })
        .collect();
    if !of_transactions.is_empty() {
        return of_transactions;
    }
    ["OrgnlMsgId", "OrgnlPmtInfId"]
        .iter()
        .filter_map(|id| part.text_at(&[id]))
        .flat_map(|reference| {
            let own = ["GrpSts", "PmtInfSts"];
            own.into_iter()
                .filter_map(move |s| status(part, reference, s))
        })
        .collect()
}

fn status(of: Node<'_>, reference: &str, element: &'static str) -> Option<OrderStatus> {
    let status = of.text_at(&[element])?;
    let reasons = of.all("StsRsnInf");
    let reason = reasons
        .flat_map(|r| {
            let code = r.text_at(&["Rsn", "Cd"]).or(r.text_at(&["Rsn", "Prtry"]));
            code.into_iter().chain(r.all("AddtlInf").map(Node::text))
        })
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    Some(OrderStatus {
        reference: reference.to_uppercase(),
        status: status.chars().take(35).collect(),
        reason: (!reason.is_empty()).then(|| reason.chars().take(300).collect()),
    })
}
