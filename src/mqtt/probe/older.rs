//! Whether somebody who does not greet in MQTT 5 speaks MQTT 3.1.1. Such brokers just hang up at MQTT 5,
//! as others do for other reasons, so they are asked in their own language.

use rumqttc::{AsyncClient, ConnectReturnCode, ConnectionError, MqttOptions};
use tokio::time::timeout_at;

use super::Site;

/// Whether MQTT 3.1.1 gets an answer in MQTT 3.1.1.
pub(super) async fn speaks(site: &Site) -> bool {
    let address = &site.address;
    let mut options =
        MqttOptions::new(format!("{}older", site.clients), address.dialled(), address.port);
    if let Some(login) = &address.login {
        options.set_credentials(&login.user, &login.password);
    }
    match address.transport() {
        Ok(transport) => options.set_transport(transport),
        Err(_) => return false,
    };
    let (_client, mut eventloop) = AsyncClient::new(options, 1);
    match timeout_at(site.deadline, eventloop.poll()).await {
        Ok(Ok(_)) => true,
        Ok(Err(ConnectionError::ConnectionRefused(code))) => {
            code != ConnectReturnCode::RefusedProtocolVersion
        }
        Ok(Err(_)) | Err(_) => false,
    }
}
