### What banks say: reasons of returns and refusals (ISO 20022, ExternalReturnReason1Code and ExternalStatusReason1Code).

# $code: a code.
reason-words =
    { $code ->
        [AC01] wrong account number
        [AC04] account closed
        [AC06] account blocked
        [AC13] account of a consumer
        [AG01] not allowed on this account
        [AG02] wrong operation code
        [AM04] not enough money
        [AM05] told twice
        [ARDT] already given back
        [BE04] creditor’s address missing or wrong
        [BE05] creditor unknown
        [CNOR] creditor’s bank not registered
        [CUST] asked for by the payer
        [DNOR] debtor’s bank not registered
        [DUPL] paid twice
        [ERIN] field not supported
        [FF01] file format refused
        [FOCR] came back after a request to cancel
        [FRAD] fraud
        [MD01] no valid mandate
        [MD06] refund asked for by the holder
        [MD07] holder deceased
        [MS02] refused by the holder of the account
        [MS03] reason not told by the bank
        [NOAS] no answer from the beneficiary
        [RC01] wrong identifier of the bank
        [RR01] debtor’s account missing
        [RR02] debtor’s name or address missing
        [RR03] creditor’s name or address missing
        [RR04] regulatory reason
        [SL01] service of the debtor’s bank
        [TECH] technical problem
        [TM01] received after the cut-off
       *[other] { $code }
    }
