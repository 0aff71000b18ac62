//! Members of records.
use super::elements::{Elements, Values, base};
use crate::Error;
use crate::datatype::{Datatype, DatatypeError, Form};

impl Values {
    /// A member of records, as values of the same shape.
    ///
    /// # Errors
    /// [`Error::Usage`] where the elements are no records, or have no such member.
    pub fn field(&self, name: &str) -> Result<Self, Error> {
        let none = || Error::Usage(format!("{} has no member {name}", self.datatype.describe()));
        match &self.elements {
            Elements::Records(members) => {
                members.iter().find(|(member, _)| member == name).map(|(_, values)| values.clone()).ok_or_else(none)
            }
            Elements::Fixed { form: form @ Form::Record(fields), bytes } => {
                let field = fields.iter().find(|field| field.name == name).ok_or_else(none)?;
                let bytes = column(bytes, form.size(), (field.offset, field.form.size()))?;
                let mut shape = self.shape.clone();
                let datatype = member(&self.datatype, name, &mut shape).ok_or_else(none)?;
                let mut form = field.form.clone();
                while let Form::Array { item, .. } = form {
                    form = *item;
                }
                Ok(Self { shape, datatype, elements: Elements::Fixed { form, bytes } })
            }
            _ => Err(none()),
        }
    }
}

/// One member of each record.
pub(super) fn column(raw: &[u8], record: usize, (offset, size): (usize, usize)) -> Result<Vec<u8>, Error> {
    let mut column = Vec::with_capacity(raw.len().checked_div(record).unwrap_or(0).saturating_mul(size));
    for element in raw.chunks_exact(record.max(1)) {
        let member = element.get(offset..).and_then(|rest| rest.get(..size));
        column.extend_from_slice(member.ok_or(DatatypeError::Ragged { len: record, size })?);
    }
    Ok(column)
}

/// The type of a member, without the small arrays, whose dimensions are added to the shape.
fn member(datatype: &Datatype, name: &str, shape: &mut Vec<u64>) -> Option<Datatype> {
    let Datatype::Compound(t) = datatype else { return None };
    let member = t.members.iter().find(|member| member.name == name)?;
    Some(base(&member.datatype, shape).clone())
}
