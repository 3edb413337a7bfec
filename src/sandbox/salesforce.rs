//! The look-alike of Salesforce.
mod soql;
