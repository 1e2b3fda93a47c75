use std::fmt;

/// Who could have prevented this end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The agent's own decision, as intended.
    Agent,
    /// The caller.
    Caller,
    /// The telephone company.
    Carrier,
    /// Who runs this server.
    Operator,
    /// A speech or language provider.
    Provider,
    /// A bug or a lost machine of ours.
    Us,
}

impl Fault {
    /// As it stands in records and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Caller => "caller",
            Self::Carrier => "carrier",
            Self::Operator => "operator",
            Self::Provider => "provider",
            Self::Us => "us",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $text:literal $fault:ident $advice:literal,)*) => {
        /// Why a call ended: exactly one of these per call.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum EndReason { $($(#[$doc])* $name,)* }

        impl EndReason {
            /// All reasons, for metrics that start at zero.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in records, metrics and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Who could have prevented it.
            #[must_use]
            pub const fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault,)* }
            }

            /// One line on what to do about it.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }

            /// Reads a name as it stands in records.
            #[must_use]
            pub fn read(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.as_str() == text)
            }
        }
    };
}

reasons! {
    /// The agent said goodbye or used its `end_call` tool.
    AgentEnded "agent_ended" Agent "Nothing: the conversation was over.",
    /// A credential was refused.
    AuthFailed "auth_failed" Operator "Check the keys of the provider named in the call's story.",
    /// The money for this session was used up.
    BudgetExhausted "budget_exhausted" Operator "Raise the budget, or look why the call was so long.",
    /// The number called was busy.
    Busy "busy" Carrier "Nothing: try again later.",
    /// The caller hung up.
    CallerHungUp "caller_hung_up" Caller "Nothing, unless it happens early in many calls: listen to the greeting.",
    /// The configuration cannot serve this call.
    ConfigError "config_error" Operator "Run `repartee check`.",
    /// The carrier could not connect the call.
    FailedCarrier "failed_carrier" Carrier "Look at the carrier's debugger for the code.",
    /// The call looked like fraud.
    FraudBlocked "fraud_blocked" Caller "Nothing, or relax the rule that matched.",
    /// A bug ended the call.
    InternalError "internal_error" Us "Please report the log lines of this call.",
    /// The call reached its longest duration.
    MaxDuration "max_duration" Agent "Raise `max_call_s` if calls may be longer.",
    /// The media stream broke and did not come back.
    MediaLost "media_lost" Carrier "Check the network between the carrier and this server.",
    /// Nobody answered.
    NoAnswer "no_answer" Carrier "Nothing: try again later.",
    /// The conversation went in circles.
    NoProgressLoop "no_progress_loop" Agent "Read the last turns; the prompt lacks a way out.",
    /// The machine that held the call is gone.
    NodeLost "node_lost" Us "Look why the server stopped.",
    /// Someone who runs the server ended it.
    OperatorEnded "operator_ended" Operator "Nothing: it was asked for.",
    /// The caller asked not to be called again.
    OptedOut "opted_out" Caller "Nothing: the number will not be called again.",
    /// The language model failed for good.
    ProviderFailedLlm "provider_failed_llm" Provider "See `/health` for the provider's state; add a second one.",
    /// Speech recognition failed for good.
    ProviderFailedStt "provider_failed_stt" Provider "See `/health` for the provider's state; add a second one.",
    /// Speech synthesis failed for good.
    ProviderFailedTts "provider_failed_tts" Provider "See `/health` for the provider's state; add a second one.",
    /// The budget did not allow another call.
    RejectedBudget "rejected_budget" Operator "Raise the tenant's budget.",
    /// The server was full.
    RejectedCapacity "rejected_capacity" Operator "Raise `max_calls`, or add a machine.",
    /// A rule forbade the call.
    RejectedPolicy "rejected_policy" Operator "Look which rule refused it.",
    /// The caller said nothing for too long.
    Silence "silence" Caller "Nothing, unless it happens often: check that audio arrives.",
    /// The call went to someone else.
    Transferred "transferred" Agent "Nothing: the transfer worked.",
    /// A message was left on a machine.
    VoicemailLeft "voicemail_left" Agent "Nothing: the message was left.",
    /// A machine answered and no message was wanted.
    VoicemailSkipped "voicemail_skipped" Agent "Nothing: no message was wanted.",
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back() {
        assert_eq!(EndReason::ALL.len(), 26);
        for reason in EndReason::ALL {
            assert_eq!(EndReason::read(reason.as_str()), Some(*reason));
            assert!(reason.advice().ends_with('.'));
        }
    }
}
