//! One GET to the API server: HTTP/1.1 over TLS, with exactly the authorities that are given.

use crate::host::milliseconds;
use crate::reply::{self, Bounded, Failure, Outcome};
use crate::unverified::Unverified;
use rquickjs::{Ctx, Object, Result};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

/// Takes `{ address, port, tls, authorities, token, path, deadlineMs, replyLimit }`; see `ApiRequest` of ports.ts.
///
/// Gives `{ status, body }` or `{ failure, detail }`. No failure mentions the token.
pub fn get<'js>(ctx: Ctx<'js>, options: Object<'js>) -> Result<Object<'js>> {
    let text = |name: &str| options.get::<_, String>(name);
    let call = Call {
        address: text("address")?,
        port: options.get("port")?,
        tls: text("tls")?,
        authorities: text("authorities")?,
        until: Instant::now() + milliseconds(options.get("deadlineMs")?),
    };
    let (path, token) = (text("path")?, text("token")?);
    let limit = options.get::<_, f64>("replyLimit")? as usize;
    let answer = Object::new(ctx)?;
    match call.send(&path, &token, limit) {
        Ok((status, body)) => {
            answer.set("status", status)?;
            answer.set("body", body)?;
        }
        Err(Failure(failure, detail)) => {
            answer.set("failure", failure)?;
            answer.set("detail", detail)?;
        }
    }
    Ok(answer)
}

struct Call {
    address: String,
    port: u16,
    tls: String,
    authorities: String,
    until: Instant,
}

impl Call {
    fn send(&self, path: &str, token: &str, limit: usize) -> Outcome<(u16, String)> {
        let address: IpAddr = self
            .address
            .parse()
            .map_err(|_| Failure("system", "the server is no IP address".into()))?;
        // Before connecting: what cannot be trusted need not be disturbed.
        let secured = match self.tls.as_str() {
            "none" => None,
            "unverified" => Some(unverified()?),
            _ => Some(verified(&self.authorities)?),
        };
        let host = SocketAddr::new(address, self.port);
        let message = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Accept: application/json\r\nUser-Agent: istio-cni\r\nConnection: close\r\n\r\n"
        );
        let mut stream = self.connect(&host)?;
        let Some(config) = secured else {
            return reply::exchange(&mut stream, message.as_bytes(), limit);
        };
        let connection = ClientConnection::new(Arc::new(config), ServerName::IpAddress(address.into()))
            .map_err(|error| tls(&error))?;
        reply::exchange(
            &mut StreamOwned::new(connection, stream),
            message.as_bytes(),
            limit,
        )
    }

    fn connect(&self, host: &SocketAddr) -> Outcome<Bounded<TcpStream>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(reply::timeout());
        }
        let stream = TcpStream::connect_timeout(host, left).map_err(|error| reply::failure(&error))?;
        Ok(Bounded {
            stream,
            until: self.until,
        })
    }
}

fn verified(authorities: &str) -> Outcome<ClientConfig> {
    let broken = |problem: String| Failure("authorities", problem);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
        let certificate = certificate.map_err(|error| broken(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| broken(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(broken("there is no certificate in it".into()));
    }
    Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
}

fn unverified() -> Outcome<ClientConfig> {
    let any = Arc::new(Unverified(provider()));
    Ok(builder()?
        .dangerous()
        .with_custom_certificate_verifier(any)
        .with_no_client_auth())
}

fn builder() -> Outcome<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| tls(&error))
}

fn provider() -> rustls::crypto::CryptoProvider {
    ring::default_provider()
}

fn tls(error: &rustls::Error) -> Failure {
    Failure("tls", error.to_string())
}
