-- Each foreign key is a look-up for each row. On the two tables that every euro enters, what they name is read in the same
-- database transaction and cannot be deleted by the application's role: a posting must move one balance row an account, or
-- nothing is posted, and the checks look for rows that name what is not there.

alter table transfer drop constraint transfer_debit_account_id_fkey, drop constraint transfer_credit_account_id_fkey;
alter table donation drop constraint donation_merchant_id_fkey, drop constraint donation_cause_id_fkey,
  drop constraint donation_association_id_fkey, drop constraint donation_donor_id_fkey;
