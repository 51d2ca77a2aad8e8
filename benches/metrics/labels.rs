//! Closed label values, the same types for all contenders that take types.

use omtx_metrics::LabelValue;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, LabelValue)]
#[cfg_attr(feature = "peers", derive(measured::FixedCardinalityLabel))]
pub(crate) enum Method {
    #[label(rename = "GET")]
    Get,
    #[label(rename = "POST")]
    Post,
    #[label(rename = "PUT")]
    Put,
    #[label(rename = "DELETE")]
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, LabelValue)]
#[cfg_attr(feature = "peers", derive(measured::FixedCardinalityLabel))]
pub(crate) enum Route {
    #[label(rename = "/api/v1/users")]
    Users,
    #[label(rename = "/api/v1/users/{id}")]
    User,
    #[label(rename = "/api/v1/products")]
    Products,
    #[label(rename = "/api/v1/products/{id}")]
    Product,
    #[label(rename = "/api/v1/products/{id}/owner")]
    Owner,
    #[label(rename = "/api/v1/jobs")]
    Jobs,
    #[label(rename = "/api/v1/jobs/{id}")]
    Job,
    #[label(rename = "/api/v1/login")]
    Login,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, LabelValue)]
#[cfg_attr(feature = "peers", derive(measured::FixedCardinalityLabel))]
pub(crate) enum Status {
    #[label(rename = "200")]
    Ok,
    #[label(rename = "201")]
    Created,
    #[label(rename = "400")]
    BadRequest,
    #[label(rename = "404")]
    NotFound,
    #[label(rename = "500")]
    InternalServerError,
}

#[cfg(feature = "peers")]
mod peers {
    use super::{LabelValue, Method, Route, Status};
    use std::fmt::Write;

    macro_rules! encode {
        ($($label:ty)*) => {$(
            impl prometheus_client::encoding::EncodeLabelValue for $label {
                fn encode(
                    &self,
                    encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>,
                ) -> std::fmt::Result {
                    encoder.write_str(self.as_str())
                }
            }

            impl fastmetrics::encoder::EncodeLabelValue for $label {
                fn encode(
                    &self,
                    encoder: &mut dyn fastmetrics::encoder::LabelEncoder,
                ) -> fastmetrics::error::Result<()> {
                    encoder.encode_str_value(self.as_str())
                }
            }
        )*};
    }
    encode!(Method Route Status);
}
